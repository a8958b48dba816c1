/**
 * The process that reads an untrusted image. It gets the open file, or a line to who fetches it, as descriptor 3, gives up its privileges, and
 * writes one JSON line after the container and one at the end; its parent sets the limits (inspect-in-child.ts).
 */
import { writeSync } from 'node:fs';
import { openFile } from './bytes.js';
import { inspectFile } from './inspect.js';
import type { DiskContext, Inspection } from './inspection.js';
import { openRemote } from './remote-image.js';

const IMAGE_FD = 3;
const NOBODY = 65_534;

/** A line that the child writes; `whole` is false while the guest is still to be read. */
export interface ChildLine {
  readonly whole: boolean;
  readonly inspection: Inspection;
}

function dropPrivileges(): void {
  if (process.getuid?.() !== 0) return;
  process.setgroups?.([NOBODY]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}

function say(line: ChildLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

dropPrivileges();
const [maxResidentBytes, role, others, remoteSize] = process.argv.slice(2);
const file =
  remoteSize === undefined
    ? openFile(IMAGE_FD, Number(maxResidentBytes))
    : openRemote(IMAGE_FD, Number(remoteSize), Number(maxResidentBytes));
const context: DiskContext = {
  role: role === 'data' ? 'data' : 'system',
  moreDisks: others === 'more-disks',
};
say({ whole: true, inspection: inspectFile(file, context, (inspection) => say({ whole: false, inspection })) });
