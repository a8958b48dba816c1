/**
 * The process that reads untrusted images. It gives up its privileges, has no file of its own, and is told of one image
 * after the other on its standard input; what it needs of them it asks for over descriptor 3. It writes one JSON line
 * after the container and one at the end of each; its parent sets the limits (reader-process.ts).
 */
import { readSync, writeSync } from 'node:fs';
import { inspectFile } from './inspect.js';
import type { Inspection } from './inspection.js';
import type { ReadingTask } from './reader-process.js';
import { openRemote } from './remote-image.js';

const IMAGE_LINE = 3;
const NOBODY = 65_534;
/** Grown past this share of its memory, it ends: the next image is to find what it is promised. */
const SHARE_TO_KEEP = 0.4;

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
  const text = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let done = 0; done < text.length; ) done += writeSync(1, text, done);
}

/** Blocks until the next task is there; null when there are no more. */
function nextTask(): ReadingTask | null {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(1024);
    const got = readSync(0, chunk, 0, chunk.length, null);
    if (got === 0) return null;
    chunks.push(chunk.subarray(0, got));
    // One task at a time: its line is the last thing that was written.
    if (chunk[got - 1] === NEWLINE) return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  }
}

const NEWLINE = 10;

dropPrivileges();
const maxResidentBytes = Number(process.argv[2]);
for (let task = nextTask(); task !== null; task = nextTask()) {
  const file = openRemote(IMAGE_LINE, { ...task, maxResidentBytes });
  const { role, moreDisks } = task;
  say({
    whole: true,
    inspection: inspectFile(file, { role, moreDisks }, (inspection) => say({ whole: false, inspection })),
  });
  if (process.memoryUsage.rss() > maxResidentBytes * SHARE_TO_KEEP) break;
}
