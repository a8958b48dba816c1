/** Writes a constructed guest's files into folders, for test/images/make/test-images.sh: write-guest.ts NAME FOLDER. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CONSTRUCTED } from './constructed-guests.js';
import type { Files } from './guest-files.js';

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
  writeFileSync(path.join(to, 'facts'), lines.map(([key, value]) => `${key}=${value ?? ''}\n`).join(''));
}

function writeFiles(to: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(to, name);
    mkdirSync(path.dirname(file), { recursive: true });
    const target = typeof content === 'string' && content.startsWith('-> ') ? content.slice(3) : null;
    if (target === null) writeFileSync(file, content);
    else symlinkSync(target, file);
  }
}
