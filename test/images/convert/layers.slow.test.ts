/** Conversions of compressed, archived and oddly stored images by the real programs: the disk stays the same. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createConverter } from '../../../images/convert/converter.js';
import { decideConversion } from '../../../images/convert/decision.js';
import { INSTALLED } from '../../../images/convert/programs.js';
import { decompressLayer } from '../../../images/convert/trailing-bytes.js';
import { inspectImage } from '../../../images/inspect.js';
import { createCache } from '../../../sources/scratch-cache.js';
import { convertFile } from '../../support/images/convert-file.js';
import { MIB, mbrDisk } from '../../support/images/made-images.js';
import { vhdFooter } from '../../support/images/made-vhd.js';

let home = '';
const SIZE = 64 * MIB;
const run = (script: string) => execFileSync('bash', ['-ec', script], { cwd: home, stdio: 'pipe' }).toString();
const at = (name: string) => path.join(home, name);

beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'layers-'));
  const start = mbrDisk(4 * MIB);
  start.writeUInt32LE(SIZE / 512 - 2048, 458);
  writeFileSync(at('disk.raw'), start);
  truncateSync(at('disk.raw'), SIZE);
  const file = openSync(at('disk.raw'), 'r+');
  writeSync(file, randomBytes(3 * MIB), 0, 3 * MIB, 20 * MIB);
  writeSync(file, Buffer.alloc(MIB, 'text that repeats itself'), 0, MIB, 50 * MIB);
  closeSync(file);
  run(`
    qemu-img convert -f raw -O vmdk -o subformat=streamOptimized disk.raw disk.vmdk
    qemu-img convert -f raw -O vpc -o force_size=on disk.raw disk.vhd
    qemu-img convert -f raw -O qcow2 disk.raw disk.qcow2
    echo '<Envelope/>' > machine.ovf
    mkdir -p folder && cp machine.ovf disk.vmdk folder/
  `);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function convert(name: string) {
  const cache = createCache({ folder: at('cache'), limitBytes: 4096 * MIB });
  return await convertFile(at(name), createConverter({ cache, inspect: inspectImage }), { name, mode: 'qcow2' });
}

async function sameDisk(name: string): Promise<void> {
  const { file, inspection } = await convert(name);
  expect(inspection).toMatchObject({ format: 'QCOW2', virtualSize: SIZE, partitionTable: 'mbr' });
  expect(run(`qemu-img compare -f raw -F qcow2 disk.raw ${file.path}`)).toContain('identical');
  await file.release('delete');
  expect(readdirSync(at('cache'))).toEqual([]);
}

const skippable = Buffer.from('502a4d180c000000616c6c206f66207468656d21', 'hex');

describe('compressed images and archives → the same disk', () => {
  const scripts: Record<string, string> = {
    'gce.tar.gz': 'tar --format=oldgnu -Sczf gce.tar.gz disk.raw',
    'pax-sparse.tar.gz': 'tar --format=posix -Sczf pax-sparse.tar.gz disk.raw',
    'plain.tar': 'tar -cf plain.tar disk.raw',
    'sparse.tar': 'tar -Scf sparse.tar disk.raw',
    'disk.tar.xz': 'tar -cf - disk.qcow2 | xz -0 > disk.tar.xz',
    'disk.tar.zst': 'tar -cf - disk.vhd | zstd -q > disk.tar.zst',
    'machine.ova.gz': 'tar --format=ustar -cf - machine.ovf disk.vmdk | gzip -1 > machine.ova.gz',
    'folder.ova': 'tar --format=posix -cf folder.ova folder',
    'disk-first.ova': 'tar --format=ustar -cf disk-first.ova disk.vmdk machine.ovf',
    'gz-vmdk.ova': 'gzip -1kc disk.vmdk > compressed && tar --format=ustar -cf gz-vmdk.ova machine.ovf compressed',
    'gz-vhd.ova': 'gzip -1kc disk.vhd > compressed && tar --format=ustar -cf gz-vhd.ova machine.ovf compressed',
    'xz-qcow2.ova': 'xz -0kc disk.qcow2 > compressed && tar --format=ustar -cf xz-qcow2.ova compressed machine.ovf',
    'gz-raw.ova.gz': 'gzip -1kc disk.raw > compressed && tar -czf gz-raw.ova.gz machine.ovf compressed',
    'manifest.ova':
      'echo "SHA256(disk.vmdk)= $(sha256sum < disk.vmdk | cut -c-64)" > m.mf && tar --format=ustar -cf manifest.ova machine.ovf m.mf disk.vmdk',
    'trailing.raw.gz': 'gzip -1kc disk.raw > trailing.raw.gz && printf "{ \\"metadata\\": 1 }FWx0" >> trailing.raw.gz',
    'streams.raw.xz': '(head -c 1M disk.raw | xz -0; tail -c +1048577 disk.raw | xz -0) > streams.raw.xz',
    'frames.raw.zst': '(head -c 1M disk.raw | zstd -q; tail -c +1048577 disk.raw | zstd -q) > frames.raw.zst',
    'trailing.raw.xz': 'xz -0kc disk.raw > trailing.raw.xz && printf "a signature" >> trailing.raw.xz',
    'zeros.raw.xz': 'xz -0kc disk.raw > zeros.raw.xz && head -c 3 /dev/zero >> zeros.raw.xz',
    'trailing-streams.raw.xz':
      '(head -c 1M disk.raw | xz -0; tail -c +1048577 disk.raw | xz -0; head -c 100000 /dev/urandom) > trailing-streams.raw.xz',
    'trailing.tar.xz': '(tar -cf - disk.qcow2 | xz -0; echo "a signature") > trailing.tar.xz',
    'trailing.raw.zst': 'zstd -qkc disk.raw > trailing.raw.zst && printf "a signature" >> trailing.raw.zst',
    'trailing-frames.raw.zst':
      '(head -c 1M disk.raw | zstd -q; tail -c +1048577 disk.raw | zstd -q; head -c 5000 /dev/zero) > trailing-frames.raw.zst',
    'trailing.ova':
      'xz -0kc disk.vmdk > compressed && echo "a signature" >> compressed && tar -cf trailing.ova machine.ovf compressed',
    'chunks.ova':
      'split -b 700000 -d -a 9 disk.vmdk chunk.vmdk. && sha256sum chunk.vmdk.* > m.mf && tar --format=ustar -cf chunks.ova machine.ovf m.mf chunk.vmdk.0*',
    'chunks.ova.gz': 'tar --format=ustar -cf - machine.ovf chunk.vmdk.0* | gzip -1 > chunks.ova.gz',
    'members.raw.gz': '(head -c 1M disk.raw | gzip -1; tail -c +1048577 disk.raw | gzip -1) > members.raw.gz',
  };
  test.each(Object.keys(scripts))('%s', async (name) => {
    run(scripts[name] ?? '');
    await sameDisk(name);
  });

  test.each([
    ['GZIP', 'gzip -1c'],
    ['XZ', 'xz -0c'],
    ['ZSTD', 'zstd -qc'],
  ] as const)(
    '%s whose end the inspection did not find → decompressed, with a warning',
    async (compression, command) => {
      run(`${command} disk.raw > unknown-end && printf "a signature" >> unknown-end`);
      const [from, to] = [await open(at('unknown-end')), await open(at('decompressed'), 'w')];
      const layer = { handle: from, range: null, reopen: () => open(at('unknown-end')) };
      const options = {
        onWritten: async () => undefined,
        onProgress: () => undefined,
        signal: new AbortController().signal,
      };
      const findings = await decompressLayer(compression, layer, to, options);
      await Promise.all([from.close(), to.close()]);
      expect(findings).toMatchObject([{ code: 'ECSIMPORT.TrailingBytes', severity: 'warning' }]);
      run('cmp disk.raw decompressed');
    },
  );

  test('zstd that is damaged before its trailing bytes → reported as damaged', async () => {
    run('zstd -qc --check disk.raw > damaged.zst && printf "a signature" >> damaged.zst');
    const bytes = readFileSync(at('damaged.zst'));
    bytes.fill(7, 2_000_000, 2_000_100);
    writeFileSync(at('damaged.zst'), bytes);
    await expect(convert('damaged.zst')).rejects.toMatchObject({ failure: { code: 'Convert.Failed' } });
  });

  test('zstd after a skippable frame', async () => {
    run('zstd -qkc disk.raw > frame');
    writeFileSync(at('skippable.raw.zst'), Buffer.concat([skippable, readFileSync(at('frame'))]));
    expect(await inspectImage(at('skippable.raw.zst'))).toMatchObject({ format: 'ZSTD', subformat: 'RAW' });
    await sameDisk('skippable.raw.zst');
  });

  test.each([
    ['streams.raw.xz', SIZE],
    ['frames.raw.zst', null],
  ])('%s → the size of all its parts, where they record it', async (name, virtualSize) => {
    run(scripts[name] ?? '');
    expect(await inspectImage(at(name))).toMatchObject({ subformat: 'RAW', virtualSize });
  });
});

describe('a VHD whose size depends on how it is read → the same disk', () => {
  /** Replaces both footers of a dynamic VHD. */
  const withFooter = (parts: Parameters<typeof vhdFooter>[0]) => {
    const bytes = readFileSync(at('disk.vhd'));
    const footer = vhdFooter(parts);
    footer.copy(bytes, 0);
    footer.copy(bytes, bytes.length - 512);
    return bytes;
  };

  test.each([
    ['by VirtualBox, with a smaller geometry', { size: SIZE, creator: 'vbox', geometry: [60, 16, 63] as const }],
    ['by Hyper-V', { size: SIZE, creator: 'win ', geometry: [130, 16, 63] as const }],
    ['with a current size that is too small', { size: 32 * MIB, creator: 'qemu', geometry: [128, 16, 64] as const }],
  ])('%s', async (_name, parts) => {
    writeFileSync(at('odd.vhd'), withFooter(parts));
    const inspection = await inspectImage(at('odd.vhd'));
    expect(inspection.virtualSize).toBe(SIZE);
    const isAmbiguous = inspection.findings.some(({ code }) => code === 'ECSIMPORT.VhdGeometry');
    expect(await decideConversion(inspection, { convert: 'auto' }, INSTALLED)).toBe(
      isAmbiguous ? 'converted' : 'if-faster',
    );
    await sameDisk('odd.vhd');
  });
});

test.each([
  ['smaller', 32 * MIB],
  ['larger', 96 * MIB],
])(
  'a VHD whose right size is only in its end footer, the one at byte 0 has a %s one → the same disk',
  async (_name, size) => {
    const bytes = readFileSync(at('disk.vhd'));
    vhdFooter({ size: SIZE, creator: 'vbox', geometry: [60, 16, 63] }).copy(bytes, bytes.length - 512);
    vhdFooter({ size, creator: 'vbox', geometry: [60, 16, 63] }).copy(bytes, 0);
    writeFileSync(at('footers.vhd'), bytes);
    expect((await inspectImage(at('footers.vhd'))).virtualSize).toBe(SIZE);
    await sameDisk('footers.vhd');
    run('tar -cf footers.tar footers.vhd');
    await sameDisk('footers.tar');
  },
);

test.each([
  ['dynamic', 'disk.vhd'],
  ['fixed', 'fixed.vhd'],
])('a %s VHD whose footer has 511 bytes → the same disk, converted', async (_name, file) => {
  run(`qemu-img convert -O vpc -o subformat=fixed,force_size=on disk.raw fixed.vhd; head -c -1 ${file} > old.vhd`);
  const inspection = await inspectImage(at('old.vhd'));
  expect(inspection.findings.map(({ code }) => code)).toContain('ECSIMPORT.VhdFooter');
  expect(await decideConversion(inspection, { convert: 'auto' }, INSTALLED)).toBe('converted');
  await sameDisk('old.vhd');
});

describe('a file that ends within a sector → the same disk', () => {
  test('a QCOW2 after a snapshot', async () => {
    run('cp disk.qcow2 snapshot.qcow2 && qemu-img snapshot -c one snapshot.qcow2');
    expect(statSync(at('snapshot.qcow2')).size % 512).not.toBe(0);
    await sameDisk('snapshot.qcow2');
  });

  test.each(['qcow2', 'vmdk'])('a %s with other bytes after it, in a tar archive too', async (format) => {
    run(`qemu-img convert -f raw -O ${format} disk.raw odd.${format}`);
    appendFileSync(at(`odd.${format}`), 'some bytes');
    await sameDisk(`odd.${format}`);
    run(`tar -cf odd.tar odd.${format}`);
    await sameDisk('odd.tar');
  });
});

describe('bytes after the disk → the same disk', () => {
  const scripts: Record<string, string> = {
    'after.raw': 'cp disk.raw after.raw; head -c 100 /dev/urandom >> after.raw',
    'after.raw.gz': 'cp disk.raw after.raw; head -c 100 /dev/urandom >> after.raw; gzip -1f after.raw',
    'after.vhd': 'cp disk.vhd after.vhd; head -c 700 /dev/zero >> after.vhd',
    'after-fixed.vhd':
      'qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on disk.raw after-fixed.vhd; head -c 700 /dev/zero >> after-fixed.vhd',
    'after.vmdk': 'cp disk.vmdk after.vmdk; head -c 700 /dev/zero >> after.vmdk',
    'after.ova': 'cp disk.vmdk after.vmdk; echo more >> after.vmdk; tar -cf after.ova machine.ovf after.vmdk',
  };
  test.each(Object.keys(scripts))('%s', async (name) => {
    run(scripts[name] ?? '');
    await sameDisk(name);
  });
});

test('a wrong digest in the manifest of a compressed OVA → a blocking finding after the conversion', async () => {
  run(`echo "SHA256(disk.vmdk)= ${'0'.repeat(64)}" > m.mf
    tar --format=ustar -cf - machine.ovf m.mf disk.vmdk | gzip -1 > wrong.ova.gz`);
  const { file, inspection } = await convert('wrong.ova.gz');
  expect(inspection.findings).toContainEqual(
    expect.objectContaining({ code: 'ECSIMPORT.ManifestDigest', severity: 'blocking' }),
  );
  await file.release('delete');
});

test.each(['open.vhdx', 'open.vhdx.gz'])(
  '%s, which was not closed → the warning stays after the conversion',
  async (name) => {
    run('qemu-img convert -f raw -O vhdx disk.raw open.vhdx');
    const bytes = readFileSync(at('open.vhdx'));
    // LogGuid of both headers. The log itself is empty, so qemu-img has nothing to replay.
    for (const header of [64, 128]) {
      bytes.writeUInt8(1, header * 1024 + 48);
      bytes.writeUInt32LE(0, header * 1024 + 4);
      bytes.writeUInt32LE(crc32c(bytes.subarray(header * 1024, (header + 4) * 1024)), header * 1024 + 4);
    }
    writeFileSync(at('open.vhdx'), bytes);
    run('gzip -1kf open.vhdx');
    const { file, inspection } = await convert(name);
    expect(inspection.findings).toContainEqual(
      expect.objectContaining({ code: 'ECSIMPORT.NotClosed', severity: 'warning' }),
    );
    await file.release('delete');
  },
);

/** Castagnoli's polynomial, as VHDX headers have it. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
