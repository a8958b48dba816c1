/** Writes a constructed guest's files into folders, for test/images/make/test-images.sh: write-guest.ts NAME FOLDER. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BOOT_UUID, CONSTRUCTED, type ConstructedGuest, ROOT_UUID } from './constructed-guests.js';
import type { Files } from './guest-files.js';
import { grubEfi } from './made-efi.js';
import { writeGrubCore } from './made-grub-core.js';

const CORE_MODULES = ['biosdisk', 'part_msdos', 'part_gpt', 'lvm', 'ext2', 'xfs', 'btrfs', 'normal', 'linux'];

const [name = '', folder = ''] = process.argv.slice(2);
if (name === '--list') process.stdout.write(`${Object.keys(CONSTRUCTED).join('\n')}\n`);
else write(name, folder);

function write(guestName: string, to: string): void {
  const guest = CONSTRUCTED[guestName];
  if (guest === undefined) throw new Error(`unknown constructed guest: ${guestName}`);
  writeFiles(path.join(to, 'root'), guest.root);
  if (guest.boot !== undefined) writeFiles(path.join(to, 'boot'), guest.boot);
  const { kind, logical, firmware, expected } = guest;
  const { findings, ...facts } = expected;
  const lines = [
    ...Object.entries({ kind, firmware, lvm: logical === undefined ? '' : `${logical.group} ${logical.name}` }),
    ...Object.entries({ ...facts, findings: findings.map((finding) => finding.replace(' ', ':')).join(' ') }),
  ];
  const loaderFiles = `search.fs_uuid ${guest.boot === undefined ? ROOT_UUID : BOOT_UUID} root\nset prefix=($root)${grubFolder(guest)}\n`;
  writeFileSync(
    path.join(to, 'loader.efi'),
    grubEfi({ prefix: '/EFI/BOOT', configuration: `${loaderFiles}configfile $prefix/grub.cfg\n` }),
  );
  const sectors = Buffer.alloc(1024 * 1024);
  writeGrubCore(sectors, { prefix: '', modules: CORE_MODULES, configuration: loaderFiles });
  writeFileSync(path.join(to, 'grub-core'), sectors);
  writeFileSync(path.join(to, 'facts'), lines.map(([key, value]) => `${key}=${value ?? ''}\n`).join(''));
}

function grubFolder({ root, boot }: ConstructedGuest): string {
  const files = Object.keys(boot ?? root);
  return ['/boot/grub2', '/boot/grub', '/grub2'].find((folder) => files.includes(`${folder}/grub.cfg`)) ?? '/boot/grub';
}

function writeFiles(to: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(to, name);
    mkdirSync(path.dirname(file), { recursive: true });
    const target = typeof content === 'string' && content.startsWith('-> ') ? content.slice(3) : null;
    if (target === null) writeFileSync(file, content, { mode: 0o755 });
    else symlinkSync(target, file);
  }
}
