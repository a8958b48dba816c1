/**
 * Makes disks from the demo's Debian, each with one change, without root, mounts or loop devices. Needs Debian's e2fsprogs,
 * fdisk, dosfstools, mtools, cpio and qemu-utils; for UEFI grub-efi-amd64-signed and shim-signed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DEMO } from '../../support/images/made-images.js';

const MIB = 1024 * 1024;
/** Debian has the tools for file systems where only root looks. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
/** The demo's root file system. */
const ROOT_AT = 2 * MIB;
const ESP_MIB = 32;
export const ROOT_UUID = '6d1f3a52-7c0e-4b52-9f0a-2f6f0a3a9c11';
export const KERNEL = '6.1.0-56-amd64';

/** Content by path; null deletes the file. */
export type Changes = Readonly<Record<string, string | Buffer | null>>;

export interface TestDisk {
  readonly name: string;
  /** What a machine of ECS does, found out by booting it. */
  readonly boots: boolean;
  readonly root?: Changes;
  /** Bytes over the disk, by offset. */
  readonly bytes?: readonly (readonly [offset: number, content: Buffer])[];
  /** Keeps only this much of the disk. */
  readonly cutTo?: number;
  /** Files of an EFI system partition. Such a disk has no BIOS boot loader. */
  readonly esp?: Readonly<Record<string, Buffer>>;
}

/** Folders with the parts of all disks. */
export interface Parts {
  readonly folder: string;
  /** The demo as a raw disk, and its root file system alone. */
  readonly raw: string;
  readonly root: string;
}

export function makeParts(folder: string): Parts {
  const [raw, root] = [path.join(folder, 'demo.raw'), path.join(folder, 'root.raw')];
  execFileSync('qemu-img', ['convert', '-O', 'raw', DEMO, raw]);
  execFileSync('dd', [`if=${raw}`, `of=${root}`, 'bs=1M', 'skip=2', 'count=1021', 'conv=sparse', 'status=none']);
  return { folder, raw, root };
}

/** Identifies what `makeDisk` makes, by its parts instead of the bytes, which contain times. */
export function recipeOf(disk: TestDisk): string {
  const plain = JSON.stringify(disk, (_, value: unknown) =>
    value instanceof Buffer ? value.toString('base64') : value,
  );
  return createHash('sha256').update(readFileSync(DEMO)).update(plain).digest('hex').slice(0, 32);
}

export function makeDisk(parts: Parts, disk: TestDisk): string {
  const file = path.join(parts.folder, 'disk.raw');
  if (disk.esp === undefined) {
    execFileSync('cp', ['--sparse=always', parts.raw, file]);
    if (disk.root !== undefined) changeFiles(parts.folder, `${file}?offset=${ROOT_AT}`, disk.root);
  } else {
    const root = path.join(parts.folder, 'changed.raw');
    execFileSync('cp', ['--sparse=always', parts.root, root]);
    if (disk.root !== undefined) changeFiles(parts.folder, root, disk.root);
    makeUefiDisk(parts.folder, file, root, disk.esp);
  }
  const target = openSync(file, 'r+');
  for (const [offset, content] of disk.bytes ?? []) writeSync(target, content, 0, content.length, offset);
  closeSync(target);
  if (disk.cutTo !== undefined) truncateSync(file, disk.cutTo);
  return file;
}

/** `fileSystem`: a file, as debugfs names it. */
function changeFiles(folder: string, fileSystem: string, changes: Changes): void {
  const commands = Object.entries(changes).flatMap(([name, content], index) => {
    const from = path.join(folder, `content-${index}`);
    if (content !== null) writeFileSync(from, content);
    return [
      `rm ${name}`,
      ...(content === null ? [] : [`write ${from} ${name}`, `set_inode_field ${name} mode 0100755`]),
    ];
  });
  const input = `${commands.join('\n')}\n`;
  const { stderr } = spawnSync('debugfs', ['-w', '-f', '-', fileSystem], { env, input, encoding: 'utf8' });
  // The first line has its version. It does not follow links in paths.
  const problems = stderr
    .split('\n')
    .filter((line) => line !== '' && !/^debugfs \d/.test(line) && !/not found by/.test(line));
  if (problems.length > 0) throw new Error(`debugfs: ${problems.join('; ')}`);
}

function makeUefiDisk(folder: string, file: string, root: string, files: Readonly<Record<string, Buffer>>): void {
  const esp = path.join(folder, 'esp.raw');
  writeFileSync(esp, '');
  truncateSync(esp, ESP_MIB * MIB);
  execFileSync('mkfs.vfat', ['-F', '16', esp], { env, stdio: 'ignore' });
  const made = new Set<string>();
  for (const [name, content] of Object.entries(files)) {
    const folders = name
      .split('/')
      .slice(1, -1)
      .map((_, index, all) => `/${all.slice(0, index + 1).join('/')}`);
    for (const one of folders.filter((each) => !made.has(each))) {
      execFileSync('mmd', ['-i', esp, `::${one}`]);
      made.add(one);
    }
    const from = path.join(folder, 'esp-file');
    writeFileSync(from, content);
    execFileSync('mcopy', ['-i', esp, from, `::${name}`]);
  }
  writeFileSync(file, '');
  truncateSync(file, (ESP_MIB + 1023) * MIB);
  const [espType, linux] = ['C12A7328-F81F-11D2-BA4B-00A0C93EC93B', '0FC63DAF-8483-4772-8E79-3D69D8477DE4'];
  const table = `label: gpt\nstart=2048, size=${ESP_MIB * 2048}, type=${espType}\nstart=${(ESP_MIB + 1) * 2048}, size=${1021 * 2048}, type=${linux}\n`;
  execFileSync('sfdisk', ['--quiet', file], { env, input: table });
  copyInto(esp, file, MIB);
  copyInto(root, file, (ESP_MIB + 1) * MIB);
}

function copyInto(from: string, to: string, offset: number): void {
  const seek = `seek=${offset / MIB}`;
  execFileSync('dd', [`if=${from}`, `of=${to}`, 'bs=1M', seek, 'conv=sparse,notrunc', 'status=none']);
}

/** The demo's initramfs without the files whose names match. */
export function initramfsWithout(parts: Parts, pattern: RegExp): Buffer {
  const tree = path.join(parts.folder, 'ram');
  execFileSync('rm', ['-rf', tree]);
  execFileSync('mkdir', [tree]);
  const archive = gunzipSync(fileOf(parts, `/boot/initrd.img-${KERNEL}`));
  execFileSync('cpio', ['-idm', '--quiet', '--no-absolute-filenames'], {
    cwd: tree,
    input: archive,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const names = execFileSync('find', ['.'], { cwd: tree, encoding: 'utf8' }).trim().split('\n').sort();
  const kept = names.filter((name) => !pattern.test(name)).join('\n');
  return gzipSync(
    execFileSync('cpio', ['-o', '-H', 'newc', '--quiet', '--reproducible'], {
      cwd: tree,
      input: kept,
      maxBuffer: 64 * MIB,
    }),
  );
}

/** A file of the demo's root file system. */
export function fileOf(parts: Parts, name: string): Buffer {
  const to = path.join(parts.folder, 'dumped');
  execFileSync('debugfs', ['-R', `dump ${name} ${to}`, parts.root], { env, stdio: 'ignore' });
  return readFileSync(to);
}

/** A core image for BIOS, placed where the demo's is. Needs grub-common and grub-pc-bin. */
export function grubCore(parts: Parts, prefix: string, modules: readonly string[]): readonly [number, Buffer][] {
  const to = path.join(parts.folder, 'core.img');
  execFileSync('grub-mkimage', ['-O', 'i386-pc', '-p', prefix, '-o', to, 'biosdisk', ...modules]);
  const core = readFileSync(to);
  core.writeBigUInt64LE(2049n, 0x1f4);
  return [[2048 * 512, core]];
}

/** A program of UEFI, from a package of this host. */
export function installed(file: string): Buffer {
  if (!existsSync(file)) throw new Error(`${file} does not exist: install grub-efi-amd64-signed and shim-signed`);
  return readFileSync(file);
}
