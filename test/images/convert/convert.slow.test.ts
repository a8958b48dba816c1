/** Conversions by the real programs: the disk stays the same, no other files are read, nothing remains after a cancel. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../../domain/import.js';
import { createConverter } from '../../../images/convert/converter.js';
import { type ConvertMode, decideConversion } from '../../../images/convert/decision.js';
import { estimateConversion } from '../../../images/convert/estimate.js';
import { INSTALLED, type Programs } from '../../../images/convert/programs.js';
import { findQemuImg, mapExtentsWith } from '../../../images/convert/qemu-img.js';
import { inspectImage } from '../../../images/inspect.js';
import { createCache } from '../../../sources/scratch-cache.js';
import { dataExtents, sparseMap } from '../../../sources/sparse-extents.js';
import { convertFile } from '../../support/images/convert-file.js';
import { DEMO, MIB, mbrDisk } from '../../support/images/made-images.js';

let home = '';
let raw = '';
const signal = new AbortController().signal;
const SIZE = 96 * MIB;

const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: home, stdio: 'pipe' });
const at = (name: string) => path.join(home, name);
const digestOf = (file: string) => run('sha256sum', file).toString().slice(0, 64);

beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'convert-'));
  raw = at('disk.raw');
  writeFileSync(raw, mbrDisk(2 * MIB));
  truncateSync(raw, SIZE);
  const file = openSync(raw, 'r+');
  writeSync(file, randomBytes(8 * MIB), 0, 8 * MIB, 8 * MIB);
  writeSync(file, Buffer.alloc(8 * MIB, 'text that repeats itself'), 0, 8 * MIB, 40 * MIB);
  closeSync(file);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function converter(limitBytes = 4096 * MIB, programs: Programs = INSTALLED) {
  const cache = createCache({ folder: at('cache'), limitBytes });
  return createConverter({ cache, inspect: inspectImage, programs });
}

interface Changes {
  readonly mode?: ConvertMode;
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
  readonly before?: () => void;
}

let names = 0;
async function convert(file: string, changes: Changes = {}) {
  names += 1;
  return await convertFile(file, converter(changes.limitBytes), { name: `converted-${names}`, ...changes });
}

function toFormat(format: string, ...options: string[]): string {
  const file = at(`disk.${format}`);
  run('qemu-img', 'convert', '-f', 'raw', '-O', format, ...options, raw, file);
  return file;
}

const makers: Record<string, () => string> = {
  'a sparse VMDK': () => toFormat('vmdk'),
  'a stream-optimized VMDK': () => toFormat('vmdk', '-o', 'subformat=streamOptimized'),
  'a VHDX': () => toFormat('vhdx'),
  'a VDI': () => toFormat('vdi'),
  'a VHD': () => toFormat('vpc', '-o', 'force_size=on'),
  'a raw file': () => raw,
  'an OVA': () => {
    toFormat('vmdk', '-o', 'subformat=streamOptimized');
    writeFileSync(at('machine.ovf'), '<Envelope/>');
    run('tar', '--format=ustar', '-cf', 'machine.ova', 'machine.ovf', 'disk.vmdk');
    return at('machine.ova');
  },
  'a raw file compressed with gzip': () => {
    run('sh', '-c', 'gzip -1 -c disk.raw > disk.raw.gz');
    return at('disk.raw.gz');
  },
  'a raw file compressed with xz': () => {
    run('sh', '-c', 'xz -0 -c disk.raw > disk.raw.xz');
    return at('disk.raw.xz');
  },
  'a raw file compressed with zstd': () => {
    run('sh', '-c', 'zstd -qc disk.raw > disk.raw.zst');
    return at('disk.raw.zst');
  },
  'a VMDK compressed with gzip': () => {
    toFormat('vmdk');
    run('sh', '-c', 'gzip -1 -c disk.vmdk > disk.vmdk.gz');
    return at('disk.vmdk.gz');
  },
};

describe('the same disk comes out of', () => {
  test.each(Object.keys(makers))('%s, with progress', async (name) => {
    const file = makers[name]?.() ?? '';
    const reported: number[] = [];
    const onProgress = (fraction: number) => reported.push(fraction);
    const { file: made, inspection } = await convert(file, { mode: 'qcow2', onProgress });
    expect(reported).toEqual([...reported].sort((one, other) => one - other));
    expect(reported.at(-1)).toBe(1);
    expect(inspection).toMatchObject({ format: 'QCOW2', virtualSize: SIZE, partitionTable: 'mbr' });
    expect(run('qemu-img', 'compare', '-f', 'raw', '-F', 'qcow2', raw, made.path).toString()).toContain('identical');
    expect(statSync(made.path).size).toBeLessThan(10 * MIB);
    await made.release('delete');
    expect(readdirSync(at('cache'))).toEqual([]);
  });

  test('a QCOW2 compressed with xz, which is only decompressed', async () => {
    run('sh', '-c', `xz -0 -c ${DEMO} > demo.xz`);
    const { file: made } = await convert(at('demo.xz'));
    expect(readFileSync(made.path).equals(readFileSync(DEMO))).toBe(true);
    await made.release('delete');
  });
});

test('the same image → the same bytes each time, so that an upload finds its parts again after a crash', async () => {
  const first = await convert(raw, { mode: 'qcow2' });
  const second = await convert(raw, { mode: 'qcow2' });
  expect(digestOf(second.file.path)).toBe(digestOf(first.file.path));
  await first.file.release('delete');
  await second.file.release('delete');
});

describe('an image that refers to other files', () => {
  const secret = () => {
    writeFileSync(at('secret'), 'password\n'.repeat(1000));
    return at('secret');
  };
  const refused = async (file: string) => {
    await expect(convert(file, { mode: 'qcow2' })).rejects.toMatchObject({ failure: { class: 'request' } });
    expect(readdirSync(at('cache'))).toEqual([]);
  };

  test('a QCOW2 with a backing file → refused', async () => {
    run('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', secret(), '-F', 'raw', 'backed.qcow2', '1M');
    await refused(at('backed.qcow2'));
  });

  test('a QCOW2 with an external data file → refused', async () => {
    run(
      'qemu-img',
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      `data_file=${at('data')},data_file_raw=on`,
      'external.qcow2',
      '1M',
    );
    copyFileSync(secret(), at('data'));
    await refused(at('external.qcow2'));
  });

  test('a VMDK that is only a descriptor → refused', async () => {
    writeFileSync(
      at('flat.vmdk'),
      `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 16 FLAT "${secret()}" 0\n`,
    );
    await refused(at('flat.vmdk'));
  });

  test.each(['no size', 'a size'])(
    'a sparse VMDK of %s whose descriptor names other files is refused',
    async (size) => {
      const bytes = readFileSync(toFormat('vmdk'));
      if (size === 'no size') bytes.writeBigUInt64LE(0n, 12);
      const descriptor = `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 16 FLAT "${secret()}" 0\n`;
      bytes.fill(0, 512, 512 + 20 * 512);
      bytes.write(descriptor, 512);
      writeFileSync(at('hidden.vmdk'), bytes);
      await refused(at('hidden.vmdk'));
    },
  );
});

describe('a path whose file was opened → nothing else is converted or kept', () => {
  const swapped = async (swap: (file: string) => void, when: 'before' | 'onProgress') => {
    run('cp', raw, at('swapped.raw'));
    const file = at('swapped.raw');
    let isSwapped = false;
    const once = () => {
      if (!isSwapped) swap(file);
      isSwapped = true;
    };
    await expect(convert(file, { mode: 'qcow2', [when]: once })).rejects.toMatchObject({
      failure: { code: 'Source.Changed', class: 'request' },
    });
    expect(readdirSync(at('cache'))).toEqual([]);
    rmSync(file);
  };
  const other = () => {
    const file = at('other.raw');
    run('cp', raw, file);
    return file;
  };
  const swaps: Record<string, (file: string) => void> = {
    'a link to another file': (file) => {
      rmSync(file);
      symlinkSync(other(), file);
    },
    'another file with the same times': (file) => {
      const { atime, mtime } = statSync(file);
      renameSync(other(), file);
      utimesSync(file, atime, mtime);
    },
    'other bytes in the same file, with the same times': (file) => {
      const { atime, mtime } = statSync(file);
      const handle = openSync(file, 'r+');
      writeSync(handle, 'other bytes', 10 * MIB);
      closeSync(handle);
      utimesSync(file, atime, mtime);
    },
  };

  test.each(Object.entries(swaps))('%s before the conversion', (_name, swap) => swapped(swap, 'before'));
  test.each(Object.entries(swaps))('%s during the conversion', (_name, swap) => swapped(swap, 'onProgress'));

  test('a file that is no disk image → reported as changed, not as damaged', () =>
    swapped((file) => writeFileSync(file, 'text'), 'before'));
});

describe('a compressed file', () => {
  test('that is truncated → reported as damaged', async () => {
    const file = makers['a raw file compressed with gzip']?.() ?? '';
    truncateSync(file, statSync(file).size - 1000);
    await expect(convert(file)).rejects.toMatchObject({ failure: { code: 'Convert.Failed', class: 'request' } });
  });

  test('of zeros → takes no room, whatever its size', async () => {
    run('sh', '-c', 'truncate -s 160M zeros && gzip -1 -c zeros > zeros.gz && rm zeros');
    const { file: made, inspection } = await convert(at('zeros.gz'), { limitBytes: 80 * MIB });
    expect(inspection.virtualSize).toBe(160 * MIB);
    await made.release('delete');
  });

  test('that decompresses to more than the room → stopped', async () => {
    run('sh', '-c', 'yes "a line of text" | head -c 64M | gzip -1 > text.gz');
    await expect(convert(at('text.gz'), { limitBytes: 40 * MIB })).rejects.toMatchObject({
      failure: { code: 'Cache.Full', class: 'attention' },
    });
    expect(readdirSync(at('cache'))).toEqual([]);
  });

  test('without a disk → refused', async () => {
    run('sh', '-c', 'gzip -c disk.raw.gz > twice.gz');
    await expect(convert(at('twice.gz'))).rejects.toMatchObject({
      failure: {
        code: 'Convert.CompressedTwice',
        message: expect.stringMatching(/twice\.gz is compressed twice: gzip, and inside gzip/),
      },
    });
  });
});

describe('a conversion', () => {
  /** Random bytes, so that it takes a while. */
  const slow = () => {
    const file = at('slow.raw');
    if (!existsSync(file)) run('sh', '-c', '(head -c 1M disk.raw; head -c 200M /dev/urandom) > slow.raw');
    return file;
  };
  const workers = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          // The program gets its output as a descriptor.
          const isConversion = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/dev/fd/4');
          return isConversion && readlinkSync(`/proc/${pid}/fd/4`).startsWith(at('cache'));
        } catch {
          return false;
        }
      });

  test('that is cancelled → all its processes and drafts are gone', async () => {
    const cancel = new AbortController();
    const running = convert(slow(), { mode: 'qcow2', signal: cancel.signal });
    running.catch(() => undefined);
    while (workers().length === 0) await delay(20);
    cancel.abort(new Error('cancelled by the user'));
    await expect(running).rejects.toThrow('cancelled by the user');
    while (workers().length > 0) await delay(20);
    expect(readdirSync(at('cache'))).toEqual([]);
  });

  test('whose worker is killed → ends, and the next start deletes its draft', async () => {
    const program = `
      import { createCache } from '${path.resolve('sources/scratch-cache.ts')}';
      import { createConverter } from '${path.resolve('images/convert/converter.ts')}';
      import { inspectImage } from '${path.resolve('images/inspect.ts')}';
      import { convertFile } from '${path.resolve('test/support/images/convert-file.ts')}';
      const cache = createCache({ folder: ${JSON.stringify(at('cache'))}, limitBytes: 1e12 });
      const converter = createConverter({ cache, inspect: inspectImage });
      await convertFile(${JSON.stringify(slow())}, converter, { name: 'killed', mode: 'qcow2' });`;
    writeFileSync(at('killed.mts'), program);
    const worker = spawn(process.execPath, ['--import', 'tsx', at('killed.mts')], { stdio: 'ignore' });
    while (workers().length === 0 || readdirSync(at('cache')).length === 0) await delay(20);
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    while (workers().length > 0) await delay(20);
    expect(readdirSync(at('cache'))).toHaveLength(1);
    const { file: made } = await convert(DEMO, { mode: 'qcow2' });
    await made.release('delete');
    expect(readdirSync(at('cache'))).toEqual([]);
  });
});

describe('without qemu-img', () => {
  const without: Programs = { ...INSTALLED, qemuImg: () => findQemuImg('/nowhere/qemu-img') };
  const decide = async (file: string, mode: ConvertMode) =>
    decideConversion(await inspectImage(file), { convert: mode }, without);

  test('a format that ECS imports → compressed while it is sent, where that is faster', async () => {
    expect(await decide(raw, 'auto')).toBe('if-faster');
    expect(await decide(DEMO, 'auto')).toBe('if-faster');
    expect(await decide(toFormat('vmdk'), 'never')).toBe('as-is');
  });

  test.each([
    ['a VHDX', () => toFormat('vhdx'), 'auto'],
    ['a VMDK', () => toFormat('vmdk'), 'auto'],
    ['a raw file with upload.convert qcow2', () => raw, 'qcow2'],
  ] as const)('%s → compressed while it is sent', async (_name, file, mode) => {
    expect(await decide(file(), mode)).toBe('converted');
  });

  test('a VHDX whose log was not applied → action required: install qemu-img', async () => {
    const inspection = await inspectImage(toFormat('vhdx'));
    const open: Finding = {
      ...{
        code: 'ECSIMPORT.NotClosed',
        severity: 'warning',
        message: '',
        evidence: '',
        remedy: '',
        source: 'inspection',
      },
    };
    const decided = decideConversion({ ...inspection, findings: [open] }, { convert: 'auto' }, without);
    await expect(decided).rejects.toMatchObject({
      failure: { code: 'Convert.NoQemuImg', class: 'attention', remedy: expect.stringContaining('qemu-utils') },
    });
  });
});

test('a VHDX with upload.convert never → refused before anything is converted', async () => {
  const inspection = await inspectImage(toFormat('vhdx'));
  await expect(decideConversion(inspection, { convert: 'never' }, INSTALLED)).rejects.toMatchObject({
    failure: { code: 'Convert.NotWanted', class: 'request' },
  });
});

describe('the holes of a sparse file', () => {
  test('are mapped: everything outside the map is zero', async () => {
    const qemuImg = await findQemuImg();
    if (qemuImg === null) throw new Error('this test needs qemu-img');
    const file = await open(raw);
    const data = await dataExtents(file, mapExtentsWith(qemuImg), signal).finally(() => file.close());
    if (data === null) throw new Error('no map');
    const map = sparseMap(data);
    expect(map.dataBytes).toBeLessThan(20 * MIB);
    const bytes = readFileSync(raw);
    const zeros = Buffer.alloc(MIB);
    for (let offset = 0; offset < bytes.length; offset += MIB) {
      if (map.isHole(offset, MIB)) expect(bytes.subarray(offset, offset + MIB).equals(zeros)).toBe(true);
    }
  });

  test('save a share of the bytes → left out on any link, without measuring it', async () => {
    const qemuImg = await findQemuImg();
    if (qemuImg === null) throw new Error('this test needs qemu-img');
    const inspection = await inspectImage(raw);
    const file = await open(raw);
    const measure = () => Promise.reject(new Error('the link is not needed'));
    const estimate = await estimateConversion(file, inspection, mapExtentsWith(qemuImg), measure, signal);
    await file.close();
    expect(estimate).toMatchObject({ convert: true });
  });
});
