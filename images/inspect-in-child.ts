/** Inspection of images that nobody trusts: a child process reads, with limits on memory, time, output and files. */
import { open } from 'node:fs/promises';
import { FailureError } from '../domain/errors/failure.js';
import { failureOf } from '../domain/errors/index.js';
import { sourceFailure } from '../sources/source.js';
import type { ChildLine } from './inspect-child.js';
import type { InspectImage, Inspection, InspectOptions, InspectRemote } from './inspection.js';
import { ReaderPool } from './reader-pool.js';
import type { ReadingEnd, ReadingLimits } from './reader-process.js';
import type { RemoteImage } from './remote-image.js';
import { openSource, orSourceFailure } from './source-file.js';

export interface InspectorOptions {
  /** How long one inspection may take. Default 60 000. */
  readonly timeLimitMs?: number;
  /** Resident memory of the child in MiB; an initramfs may unpack to half of it. Default 1024. */
  readonly memoryLimitMiB?: number;
  /** What the child may write. Default 1 MiB. */
  readonly outputLimitBytes?: number;
}

/** How much one inspection may read in all; an honest image of 2 TiB stays far below. */
const MAX_FILE_BYTES = 8 * 1024 ** 3;
/** Over a network less: an honest guest is told from a fraction of it. */
const MAX_REMOTE_BYTES = 512 * 1024 ** 2;

/**
 * Makes an InspectImage that is safe for a worker: a crash, a hang or a flood of the reading ends the child alone.
 * When that happens while the guest is read, what the container told is returned with a warning; before that it
 * throws FailureError `Inspection.TimeLimit` or `Inspection.Crashed` (class `request`). An abort kills the child and
 * rejects with the signal's reason. `Source.*` failures as of inspectImage.
 */
export function createInspector(options: InspectorOptions = {}): InspectImage {
  const limits = limitsOf(options);
  const pool = new ReaderPool(limits);
  return async (file, inspectOptions = {}) => {
    inspectOptions.signal?.throwIfAborted();
    openSource(file).close();
    const handle = await open(file, 'r').catch((error: unknown) =>
      orSourceFailure(file, () => {
        throw error;
      }),
    );
    try {
      const { size, blocks } = await handle.stat();
      const image: RemoteImage = {
        name: file,
        size,
        allocatedSize: blocks * 512,
        async read(offset, length) {
          const bytes = Buffer.allocUnsafe(length);
          for (let done = 0; done < length; ) {
            const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
            if (bytesRead === 0) throw cutOff(file, offset + done);
            done += bytesRead;
          }
          return bytes;
        },
      };
      return await readWith(pool, limits, image, MAX_FILE_BYTES, inspectOptions);
    } finally {
      await handle.close();
    }
  };
}

/** As `createInspector`, for images that lie elsewhere: what the reader needs is fetched for it. Default time: 5 minutes. */
export function createRemoteInspector(options: InspectorOptions = {}): InspectRemote {
  const limits = limitsOf({ timeLimitMs: 300_000, ...options });
  const pool = new ReaderPool(limits);
  return async (image, inspectOptions = {}) => {
    inspectOptions.signal?.throwIfAborted();
    return await readWith(pool, limits, image, MAX_REMOTE_BYTES, inspectOptions);
  };
}

async function readWith(
  pool: ReaderPool,
  limits: ReadingLimits,
  image: RemoteImage,
  maxFetchedBytes: number,
  { signal, role = 'system', moreDisks = false }: InspectOptions,
): Promise<Inspection> {
  const end = await pool.read({ image, context: { role, moreDisks }, maxFetchedBytes, signal });
  signal?.throwIfAborted();
  return conclude(image.name, end, limits);
}

function cutOff(file: string, at: number): FailureError {
  return sourceFailure('Changed', `${file} ended at byte ${at} while it was read`);
}

function limitsOf(options: InspectorOptions): ReadingLimits {
  return {
    timeLimitMs: options.timeLimitMs ?? 60_000,
    memoryLimitMiB: options.memoryLimitMiB ?? 1024,
    outputLimitBytes: options.outputLimitBytes ?? 1024 * 1024,
  };
}

function conclude(file: string, end: ReadingEnd, limits: ReadingLimits): Inspection {
  const last = end.lines.map(parseLine).findLast((line) => line !== null);
  if (last?.whole === true) return last.inspection;
  if (end.why === 'not-started') {
    throw inspectionFailure('NotStarted', `the process that reads ${file} could not be started: ${end.how}`);
  }
  const reason = {
    whole: 'its report cannot be read',
    exited: `the process that reads it ended with ${end.how}`,
    time: `it took longer than ${limits.timeLimitMs} ms`,
    output: `its report grew past ${limits.outputLimitBytes} bytes`,
  }[end.why];
  if (last !== undefined && last !== null) {
    return {
      ...last.inspection,
      findings: [
        ...last.inspection.findings,
        {
          code: 'ECSIMPORT.GuestNotRead',
          severity: 'warning',
          message: 'The operating system in the image could not be inspected',
          evidence: reason,
          remedy: 'Check the guest’s file systems; import it with explicit platform, architecture and boot mode.',
          source: 'inspection',
        },
      ],
    };
  }
  throw inspectionFailure(end.why === 'time' ? 'TimeLimit' : 'Crashed', `${file} could not be inspected: ${reason}`);
}

/** @param code without its `Inspection.` */
function inspectionFailure(code: string, message: string): FailureError {
  return new FailureError(failureOf({ service: 'own', action: 'Inspect', code: `Inspection.${code}`, message }));
}

/** The child is not trusted either: a line that is none is left out. */
function parseLine(line: string): ChildLine | null {
  try {
    const value: unknown = JSON.parse(line);
    return isChildLine(value) ? value : null;
  } catch {
    return null;
  }
}

function isChildLine(value: unknown): value is ChildLine {
  if (typeof value !== 'object' || value === null || !('whole' in value) || !('inspection' in value)) return false;
  const { whole, inspection } = value;
  return (
    typeof whole === 'boolean' &&
    typeof inspection === 'object' &&
    inspection !== null &&
    'format' in inspection &&
    'findings' in inspection &&
    Array.isArray(inspection.findings)
  );
}
