/** The boot check: outcomes from console and screen, isolation of QEMU, one check at a time. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import type { Finding } from '../../domain/import.js';
import { bootCheck } from '../../images/boot-check/boot-check.js';
import { createBootChecker } from '../../images/boot-check/boot-checker.js';
import { consoleLog } from '../../images/boot-check/console-log.js';
import { consoleText, findOutcome, missedPartition } from '../../images/boot-check/console-outcome.js';
import { machineArguments } from '../../images/boot-check/machine.js';
import { isTextMode, parsePpm, png, screenText } from '../../images/boot-check/screen.js';
import { inspectBytes, qcow2 } from '../support/images/made-images.js';

describe('console output → outcome', () => {
  test.each([
    ['login', 'Debian GNU/Linux 12 debian ttyS0\n\ndebian login: '],
    ['login', '[   50.1] some message\n\n(none) login: '],
    ['login', 'web-01.example login: [    8.1] eth0: link becomes ready'],
    ['login', '\u001b[2J\u001b[1;1Hlocalhost login: '],
    ['login', 'Computer is booting, SAC started\r\n\r\nSAC>'],
    ['panic', '[ 2.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'],
    ['emergency', 'ALERT!  UUID=7b8f does not exist.  Dropping to a shell!\n\n(initramfs) '],
    [
      'emergency',
      'Generating "/run/initramfs/rdsosreport.txt"\n\nEntering emergency mode. Exit the shell to continue.',
    ],
    [
      'emergency',
      'You are in emergency mode. After logging in, type\nGive root password for maintenance\ndebian login: ',
    ],
    ['emergency', 'CONTROL-D will resume system boot.\nPress Enter for system maintenance\n(or press Control-D): '],
    ['emergency', "sh: can't access tty; job control turned off\n/ # "],
    ['loader', 'error: no such device: 7b8f0a52.\nEntering rescue mode...\ngrub rescue> '],
    [
      'loader',
      "error: file `/boot/vmlinuz' not found.\nerror: you need to load the kernel first.\n\nPress any key to continue...",
    ],
    ['loader', 'Enter username: '],
    ['loader', 'Loading /boot/vmlinuz-gone... failed: No such file or directory\nboot: '],
    ['loader', 'Loading ../initrd.img...failed: I/O error'],
    ['loader', 'BOOTMGR is missing\nPress Ctrl+Alt+Del to restart'],
    ['firmware', 'UEFI Interactive Shell v2.2\nEDK II\nShell> '],
    ['firmware', 'BdsDxe: No bootable option or device was found.'],
    ['firmware', 'Booting from Hard Disk...\nBoot failed: not a bootable disk\n\nNo bootable device.'],
  ])('%s', (outcome, text) => {
    expect(findOutcome(consoleText(Buffer.from(text)))?.outcome).toBe(outcome);
  });

  test('a boot in progress → no outcome', () => {
    const text =
      'Booting from Hard Disk...\nsystemd-logind.service - User Login Management\n[ OK ] Reached target Login Prompts.';
    expect(findOutcome(consoleText(Buffer.from(text)))).toBeNull();
  });

  const [root, home, efi] = [
    'c0ffee00-0c3e-4d1c-9b7e-1f2a3b4c5d6e',
    '7b8f0a52-0c3e-4d1c-9b7e-1f2a3b4c5d6e',
    'ABCD-1234',
  ];
  const volume = (number: number, uuid: string) => ({
    ...{ name: `partition ${number}`, size: 1024 ** 3, content: null, uuid, label: null },
  });
  const disk = {
    volumes: [volume(1, efi), volume(2, root), volume(3, home)],
    mounts: [{ volume: 'partition 2', at: '/' }],
  };
  const late = (...names: readonly string[]) =>
    names.map((name) => `[ TIME ] Timed out waiting for device ${name}.\nYou are in emergency mode.\n`).join('');
  test.each([
    ['shortened', late('dev-d\u001b[0m…8f0a52-0c3e-4d1c-9b7e-1f2a3b4c5d6e'), home],
    ['with its description', late('dev-disk-by\\x2duuid-ABCD\\x2d1234.device - /dev/disk/by-uuid/ABCD-1234'), efi],
    ['alone', late('dev-disk-by\\x2duuid-ABCD\\x2d1234.device'), efi],
    ['of another disk', late('dev-disk-by\\x2duuid-FFFF\\x2d1234.device'), null],
    ['and one of another disk', late('/dev/disk/by-uuid/ABCD-1234', '/dev/sdb1'), null],
    ['whose shortened name is not unique', late('dev-disk-by…1234'), null],
    ['without a wait', 'Found device /dev/disk/by-uuid/ABCD-1234.\nYou are in emergency mode.', null],
    ['that is the root: the initramfs has no driver for the disk', late(`/dev/disk/by-uuid/${root}`), null],
    [
      'in an initramfs of systemd',
      `[DEPEND] Dependency failed for initrd-root-device.target - Initrd Root Device.\n${late(`/dev/disk/by-uuid/${home}`)}`,
      null,
    ],
    [
      'in an initramfs of dracut',
      `${late(`/dev/disk/by-uuid/${home}`)}Generating "/run/initramfs/rdsosreport.txt"\n`,
      null,
    ],
    [
      'after the root was mounted',
      `[  OK  ] Mounted sysroot.mount - /sysroot.\n[  OK  ] Reached target Initrd Root Device.\n${late(`/dev/disk/by-uuid/${home}`)}`,
      home,
    ],
  ])(
    'systemd does not wait longer for a device of this disk: %s → the partition, if it is certain',
    (_name, text, uuid) => {
      expect(missedPartition(consoleText(Buffer.from(text)), disk)).toBe(uuid);
    },
  );
  test('the root of the guest is not known → no partition is certain', () => {
    expect(missedPartition(late(`/dev/disk/by-uuid/${home}`), { ...disk, mounts: [] })).toBeNull();
  });

  test('a panic that only an emulated machine on a busy host has → no outcome', () => {
    const panic = "Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=debug and send a report.";
    const text = `[ 0.05] ${panic}\n[ 0.05] ---[ end ${panic} ]---`;
    expect(findOutcome(consoleText(Buffer.from(text)))).toBeNull();
  });

  test('programs that an emulated machine aborts → no outcome, unless the guest starts nevertheless', () => {
    const error = 'Fatal glibc error: ../sysdeps/unix/sysv/linux/dl-origin.c:41 (_dl_get_origin): assertion failed: x';
    const panic = '[ 31.3] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100';
    expect(findOutcome(`${error}\nAborted\n${panic}\n`)).toBeNull();
    expect(findOutcome(`${error}\nAborted\nYou are in emergency mode.\n`)).toBeNull();
    expect(findOutcome(`${error}\nAborted\nsmall login: `)?.outcome).toBe('login');
  });

  test('control sequences in the matching line → removed', () => {
    const match = findOutcome(
      consoleText(Buffer.from('\u001b]0;title\u0007x \u001b[31mKernel panic - not syncing: \u0007dead')),
    );
    expect(match?.line).toBe('x Kernel panic - not syncing: dead');
  });
});

test('unbounded console output → keeps its beginning and its end', () => {
  const log = consoleLog();
  log.add(Buffer.from('the first line\n'));
  for (let index = 0; index < 40; index += 1) log.add(Buffer.alloc(65_536, 'x'));
  log.add(Buffer.from('\nthe last line\n'));
  const text = log.bytes().toString();
  expect(text.length).toBeLessThan(1024 * 1024 + 100);
  expect(text.startsWith('the first line')).toBe(true);
  expect(text).toMatch(/\[\d+ bytes omitted\]/);
  expect(text.endsWith('the last line\n')).toBe(true);
  expect(log.recent().toString().endsWith('the last line\n')).toBe(true);
});

test('a screen dump → a PNG with the same pixels', () => {
  const pixels = Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]);
  const picture = parsePpm(Buffer.concat([Buffer.from('P6\n2 2\n255\n'), pixels]));
  expect(isTextMode(picture)).toBe(false);
  const bytes = png(picture);
  expect(bytes.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  const data = bytes.indexOf('IDAT');
  const rows = inflateSync(bytes.subarray(data + 4, data + 4 + bytes.readUInt32BE(data - 4)));
  expect(rows).toEqual(Buffer.from([0, ...pixels.subarray(0, 6), 0, ...pixels.subarray(6)]));
});

test('a screen dump with a wrong size → rejected', () => {
  expect(() => parsePpm(Buffer.from('P6\n9000 9000\n255\n'))).toThrow('not a PPM');
  expect(() => parsePpm(Buffer.from('P6\n800 600\n255\n123'))).toThrow('truncated');
});

test('the VGA text buffer → lines of text', () => {
  const memory = Buffer.alloc(4000);
  [...'No bootable device.'].forEach((character, index) => {
    memory.write(character, 160 + index * 2);
  });
  expect(screenText(memory)).toBe('\nNo bootable device.');
});

test('QEMU arguments → no network, no path of the image, no backing file', () => {
  const args = machineArguments(
    { architecture: 'x86_64', bootMode: 'BIOS', osType: 'linux', driver: 'qcow2', memoryMiB: 512 },
    { imageFd: 3, overlay: '/t/overlay.qcow2', control: '/t/control', firmware: null },
  );
  const image = args.find((argument) => argument.includes('"image"') && argument.includes('fdset'));
  expect(JSON.parse(image ?? '')).toMatchObject({
    'read-only': true,
    backing: null,
    file: { filename: '/dev/fdset/1' },
  });
  expect(args).toContain('user,id=net,restrict=on');
  expect(args.join(' ')).toContain('-sandbox on,');
});

test('an image with a backing file → not booted', async () => {
  const { outcome, finding } = await bootCheck('/nowhere', inspectBytes(qcow2({ backing: '/etc/passwd' })));
  expect(outcome).toBe('not-run');
  expect(finding).toMatchObject({ code: 'ECSIMPORT.BootCheck', severity: 'warning' });
  expect(finding.evidence).toContain('the image file is damaged or incomplete');
});

describe('concurrent boot checks of a worker', () => {
  const inspection = inspectBytes(qcow2());
  /** A checker whose checks end when the test calls the functions in `ends`. */
  function controlledChecker() {
    const begun: unknown[] = [];
    const ends: (() => void)[] = [];
    const checkBoot = createBootChecker(async (file) => {
      begun.push(file);
      await new Promise<void>((resolve) => ends.push(resolve));
      return { outcome: 'login', seconds: 1, log: null, screenshot: null, finding: FINDING };
    });
    return { begun, ends, checkBoot };
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  test('a second check → waits for the first', async () => {
    const { begun, ends, checkBoot } = controlledChecker();
    const both = [checkBoot('first', inspection), checkBoot('second', inspection)];
    await turn();
    expect(begun).toEqual(['first']);
    ends[0]?.();
    await both[0];
    await turn();
    expect(begun).toEqual(['first', 'second']);
    ends[1]?.();
    await Promise.all(both);
  });

  test('a waiting check is cancelled → rejects immediately, and the next check still runs', async () => {
    const { begun, ends, checkBoot } = controlledChecker();
    const cancel = new AbortController();
    const first = checkBoot('first', inspection);
    const waiting = checkBoot('waiting', inspection, { signal: cancel.signal });
    const last = checkBoot('last', inspection);
    cancel.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    await turn();
    expect(begun).toEqual(['first']);
    ends[0]?.();
    await first;
    await turn();
    ends[1]?.();
    await last;
    expect(begun).toEqual(['first', 'last']);
  });
});

const FINDING: Finding = {
  code: 'ECSIMPORT.BootCheck',
  severity: 'info',
  message: '',
  evidence: '',
  remedy: '',
  source: 'inspection',
};

describe('the host is the cause → attention with a code of its own', () => {
  /** Programs in place of QEMU and qemu-img. */
  async function withPrograms(qemu: string, qemuImg = ': > "$5"; exit 0'): Promise<unknown> {
    const folder = mkdtempSync(join(tmpdir(), 'programs-'));
    chmodSync(folder, 0o755);
    for (const [name, script] of Object.entries({ 'qemu-system-x86_64': qemu, 'qemu-img': qemuImg })) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    writeFileSync(join(folder, 'disk.qcow2'), qcow2());
    vi.stubEnv('PATH', folder);
    try {
      return await bootCheck(join(folder, 'disk.qcow2'), inspectBytes(qcow2()));
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  }

  test.each([
    ['QEMU is killed', 'kill -KILL $$', undefined, 'ProcessKilled'],
    [
      'QEMU gets no memory',
      'echo "cannot set up guest memory: Cannot allocate memory" >&2; exit 1',
      undefined,
      'OutOfMemory',
    ],
    ['the overlay does not fit', 'exit 0', 'echo "qemu-img: o: No space left on device" >&2; exit 1', 'DiskFull'],
    ['qemu-img is killed', 'exit 0', 'kill -KILL $$', 'ProcessKilled'],
  ])('%s', async (_name, qemu, qemuImg, code) => {
    await expect(withPrograms(qemu, qemuImg)).rejects.toMatchObject({
      failure: { code: `Host.${code}`, class: 'attention' },
    });
  });

  test('QEMU ends with another error → a finding', async () => {
    expect(await withPrograms('echo "unsupported machine type" >&2; exit 1')).toMatchObject({ outcome: 'not-run' });
  });
});

test('QEMU is not installed → the remedy names the packages', async () => {
  const path = process.env.PATH;
  process.env.PATH = '/nowhere';
  try {
    const { outcome, finding } = await bootCheck('/nowhere', inspectBytes(qcow2()));
    expect(outcome).toBe('not-run');
    expect(finding.evidence).toContain('qemu-system-x86_64');
    expect(finding.remedy).toContain('apt-get install qemu-system-x86');
  } finally {
    process.env.PATH = path;
  }
});
