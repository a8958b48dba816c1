/** Images with mutated headers, tables, superblocks and random bytes; deterministic for a seed. */
import { type ByteSource, openFile } from '../../../images/bytes.js';
import { openContainer } from '../../../images/container.js';
import { findingList } from '../../../images/findings.js';
import { inspectFile } from '../../../images/inspect.js';
import type { Inspection } from '../../../images/inspection.js';
import { DEMO, patched, WINDOWS } from './made-images.js';

export interface HostileRun {
  readonly inspections: number;
  readonly slowestMs: number;
  /** Errors that the inspection threw; must be empty. */
  readonly thrown: readonly string[];
}

/** A seeded random generator, so that a failure can be reproduced. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Offsets of the structures that the readers parse first, in the container and on the demo disk. */
const CONTAINER_SPOTS = [0, 65_536, 131_072, 196_608, 262_144];
const DISK_SPOTS = [440, 512, 1024, 2 * 1024 * 1024 + 1024, 2 * 1024 * 1024 + 4096, 2 * 1024 * 1024 + 8192];

export function inspectMutated(count: number, seed: number, file = DEMO): HostileRun {
  const next = random(seed);
  const container = openFile(file);
  const disk = openContainer(container, findingList()).disk;
  if (disk === null) throw new Error(`${file} has no disk`);
  const diskSpots = file === DEMO ? DISK_SPOTS : [440, 512, ...spotsOf(disk, file)];
  const thrown: string[] = [];
  let slowestMs = 0;
  for (let index = 0; index < count; index += 1) {
    const inDisk = index % 2 === 0;
    const source: ByteSource = inDisk ? disk : container;
    const edits = mutation(next, inDisk ? diskSpots : CONTAINER_SPOTS, source.size);
    const started = performance.now();
    try {
      check(inspectFile(patched(source, edits)));
    } catch (error) {
      thrown.push(`${JSON.stringify([...edits])}: ${error instanceof Error ? error.stack : error}`);
    }
    slowestMs = Math.max(slowestMs, performance.now() - started);
  }
  container.close();
  return { inspections: count, slowestMs, thrown };
}

/** For a Windows, its tables; for the small Linux fixtures, every written block. */
function spotsOf(disk: ByteSource, file: string): number[] {
  return blocksWith(disk, file === WINDOWS ? /^(?:FILE|INDX|regf|hbin|...NTFS)/ : /[^\0]/);
}

/** Blocks of 4 KiB that start with the magic of a table. */
function blocksWith(disk: ByteSource, magic: RegExp): number[] {
  const found: number[] = [];
  for (let at = 0; at + 4096 <= disk.size; at += 4096) {
    if (magic.test(disk.read(at, 8).toString('latin1'))) found.push(at);
  }
  return found;
}

function mutation(next: () => number, spots: readonly number[], size: number): Map<number, number> {
  const edits = new Map<number, number>();
  const bytes = 1 + Math.floor(next() * 12);
  const spot = spots[Math.floor(next() * spots.length)] ?? 0;
  const near = next() < 0.9;
  const start = near ? spot + Math.floor(next() * 1024) : Math.floor(next() * size);
  const value = [0, 255, 128, 1, Math.floor(next() * 256)][Math.floor(next() * 5)] ?? 0;
  const together = next() < 0.5;
  for (let index = 0; index < bytes; index += 1) {
    edits.set(together ? start + index : spot + Math.floor(next() * 4096), together ? value : Math.floor(next() * 256));
  }
  return edits;
}

/** Checks that the report is bounded and well-formed. */
function check(inspection: Inspection): void {
  if (inspection.findings.length > 100) throw new Error(`${inspection.findings.length} findings`);
  const text = JSON.stringify(inspection);
  if (text.length > 200_000) throw new Error(`a report of ${text.length} characters`);
}
