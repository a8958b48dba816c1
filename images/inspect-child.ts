/**
 * The process that inspects untrusted images. It drops its privileges, opens no files, receives one task a line on its
 * standard input, and requests the image's bytes over descriptor 3. It writes one JSON line when the container is known
 * and one when the inspection is complete; or only one, about the free space of the disk. Its parent enforces the limits (reader-process.ts).
 */
import { readSync, writeSync } from 'node:fs';
import type { ByteSource } from './bytes.js';
import { openContainer } from './container.js';
import { findingList } from './findings.js';
import { inspectFile } from './inspect.js';
import type { Inspection } from './inspection.js';
import type { ReadingTask } from './reader-process.js';
import { openRemote } from './remote-image.js';
import { findFreeSpace, type TrimmedVolume } from './trim/free-space.js';
import { packSectors } from './trim/ranges.js';

const IMAGE_FD = 3;
const NOBODY_UID = 65_534;
const NEWLINE = 10;
/** Above this share of its memory limit the process exits, so that the next image gets a fresh one with the full limit. */
const MAX_REUSE_MEMORY_SHARE = 0.4;

/** One line of output. `complete` is false until the guest has been inspected. */
export interface ChildLine {
  readonly complete: boolean;
  readonly inspection: Inspection;
}

/** The whole output about free space. */
export interface FreeSpaceLine {
  readonly complete: true;
  /** Numbers in sectors, for a short line: the gap before each range, and its length. */
  readonly sectors: readonly number[];
  readonly volumes: readonly TrimmedVolume[];
}

function dropPrivileges(): void {
  if (process.getuid?.() !== 0) return;
  process.setgroups?.([NOBODY_UID]);
  process.setgid?.(NOBODY_UID);
  process.setuid?.(NOBODY_UID);
}

function writeLine(line: ChildLine | FreeSpaceLine): void {
  const text = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let done = 0; done < text.length; ) done += writeSync(1, text, done);
}

/** Blocks until the next task arrives; null at the end of the input. */
function nextTask(): ReadingTask | null {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(1024);
    const got = readSync(0, chunk, 0, chunk.length, null);
    if (got === 0) return null;
    chunks.push(chunk.subarray(0, got));
    // The parent sends one task at a time, so a newline ends the input read so far.
    if (chunk[got - 1] === NEWLINE) return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  }
}

function freeSpaceLine(file: ByteSource): FreeSpaceLine {
  const { disk } = openContainer(file, findingList());
  const { ranges, volumes } = disk === null ? { ranges: [], volumes: [] } : findFreeSpace(disk);
  return { complete: true, sectors: packSectors(ranges), volumes };
}

dropPrivileges();
const maxResidentBytes = Number(process.argv[2]);
for (let task = nextTask(); task !== null; task = nextTask()) {
  const file = openRemote(IMAGE_FD, { ...task, maxResidentBytes });
  const { role, moreDisks, packages } = task;
  if (task.kind === 'free-space') writeLine(freeSpaceLine(file));
  else {
    writeLine({
      complete: true,
      inspection: inspectFile(file, { role, moreDisks, ...(packages === true ? { packages } : {}) }, (inspection) =>
        writeLine({ complete: false, inspection }),
      ),
    });
  }
  if (process.memoryUsage.rss() > maxResidentBytes * MAX_REUSE_MEMORY_SHARE) break;
}
