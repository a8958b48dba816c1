/** Inspects untrusted images in a child process with limits on memory, time, output and file access. */
import { type FileHandle, open } from 'node:fs/promises';
import type { FailureError } from '../domain/errors/failure.js';
import { fail, hostFailure, orHostFailure } from '../domain/errors/index.js';
import { sourceFailure } from '../sources/source.js';
import { GUEST_NOT_READ_REMEDY } from './findings.js';
import type { ChildLine } from './inspect-child.js';
import type { InspectImage, Inspection, InspectOptions, InspectRemote } from './inspection.js';
import { ReaderPool } from './reader-pool.js';
import type { Reading, ReadingEnd, ReadingLimits } from './reader-process.js';
import type { RemoteImage } from './remote-image.js';
import { openSource, orSourceFailure } from './source-file.js';

export interface InspectorOptions {
  /** Processor time of one inspection. Default 60 000. */
  readonly timeLimitMs?: number;
  /** Elapsed time of one inspection, for a slow machine or disk. Default ten times the processor time. */
  readonly elapsedLimitMs?: number;
  /** Resident memory of the child in MiB; an initramfs may decompress to half of it. Default 1024. */
  readonly memoryLimitMiB?: number;
  /** Time limit for reading a remote image, besides that of the inspection. Default 30 minutes. */
  readonly fetchLimitMs?: number;
  /** Output limit of the child. Default 1 MiB. */
  readonly outputLimitBytes?: number;
}

const TIME_LIMIT_MS = 60_000;
/** Bytes that one inspection may read. A well-formed image of 2 TiB stays far below. */
const MAX_FILE_BYTES = 8 * 1024 ** 3;
/** Bytes that one inspection may read only to verify them: a few seconds of a local disk, little of a network. */
const FILE_BULK_BYTES = 2 * 1024 ** 3;
const REMOTE_BULK_BYTES = 64 * 1024 ** 2;
const REMOTE_FETCH_MS = 30 * 60_000;
/** Bytes that one inspection may fetch over a network. A well-formed guest needs a fraction of it. */
const MAX_REMOTE_BYTES = 512 * 1024 ** 2;

/**
 * Creates an InspectImage that is safe for a worker: a crash, a hang or unbounded output ends only the child process.
 * If that happens during the guest's inspection, the result has the container's facts and a warning; before that,
 * it throws FailureError `Inspection.TimeLimit` or `Inspection.Crashed` (class `request`). Throws `Host.TooSlow` if the
 * machine or the disk of the image is too slow. An abort kills the child and
 * rejects with the signal's reason. Throws the same `Source.*` failures as inspectImage.
 */
export function createInspector(options: InspectorOptions = {}): InspectImage {
  const limits = limitsOf(options);
  const pool = new ReaderPool(limits);
  const inspectOpen = async (handle: FileHandle, name: string, inspectOptions: InspectOptions) => {
    const bounds = { maxFetchedBytes: MAX_FILE_BYTES, bulkBytes: FILE_BULK_BYTES };
    return await readWith(pool, limits, await imageOf(handle, name), bounds, inspectOptions);
  };
  return async (file, inspectOptions = {}) => {
    inspectOptions.signal?.throwIfAborted();
    if (typeof file !== 'string') return await inspectOpen(file.handle, file.path, inspectOptions);
    openSource(file).close();
    const handle = await open(file, 'r').catch((error: unknown) =>
      orSourceFailure(file, () => {
        throw error;
      }),
    );
    return await inspectOpen(handle, file, inspectOptions).finally(() => handle.close());
  };
}

export async function imageOf(handle: FileHandle, name: string): Promise<RemoteImage> {
  const { size, blocks } = await handle.stat();
  return {
    name,
    size,
    allocatedSize: blocks * 512,
    async read(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle
          .read(bytes, done, length - done, offset + done)
          .catch(orHostFailure(`${name} cannot be read`));
        if (bytesRead === 0) throw truncatedDuringRead(name, offset + done);
        done += bytesRead;
      }
      return bytes;
    },
  };
}

/** Like `createInspector`, for remote images: the parent fetches the ranges that the child needs. Default time limit: 5 minutes. */
export function createRemoteInspector(options: InspectorOptions = {}): InspectRemote {
  const limits = limitsOf({ timeLimitMs: 300_000, ...options });
  const { fetchLimitMs = REMOTE_FETCH_MS } = options;
  const pool = new ReaderPool(limits);
  return async (image, inspectOptions = {}) => {
    inspectOptions.signal?.throwIfAborted();
    return await readWith(
      pool,
      limits,
      image,
      { maxFetchedBytes: MAX_REMOTE_BYTES, bulkBytes: REMOTE_BULK_BYTES, fetchLimitMs },
      inspectOptions,
    );
  };
}

async function readWith(
  pool: ReaderPool,
  limits: ReadingLimits,
  image: RemoteImage,
  bounds: Pick<Reading, 'maxFetchedBytes' | 'bulkBytes' | 'fetchLimitMs'>,
  { signal, role = 'system', moreDisks = false, packages }: InspectOptions,
): Promise<Inspection> {
  const end = await pool.read({
    kind: 'inspection',
    image,
    context: { role, moreDisks, ...(packages === true ? { packages } : {}) },
    ...bounds,
    signal,
  });
  signal?.throwIfAborted();
  return conclude(image.name, end, limits);
}

/** By the kernel or another program; a crash has other signals. */
export const KILLED = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'].map((name) => `signal ${name}`);

function truncatedDuringRead(file: string, at: number): FailureError {
  return sourceFailure('Changed', `${file} was truncated to ${at} bytes during the inspection`);
}

function limitsOf(options: InspectorOptions): ReadingLimits {
  return {
    timeLimitMs: options.timeLimitMs ?? TIME_LIMIT_MS,
    elapsedLimitMs: options.elapsedLimitMs ?? (options.timeLimitMs ?? TIME_LIMIT_MS) * 10,
    memoryLimitMiB: options.memoryLimitMiB ?? 1024,
    outputLimitBytes: options.outputLimitBytes ?? 1024 * 1024,
  };
}

function conclude(file: string, end: ReadingEnd, limits: ReadingLimits): Inspection {
  const last = end.lines.map(parseLine).findLast((line) => line !== null);
  if (last?.complete === true) return last.inspection;
  if (end.reason === 'not-started') {
    const host = hostFailure(end.error, `The inspection process for ${file} cannot be started`);
    throw (
      host ?? fail('Inspection.NotStarted', `The inspection process for ${file} could not be started: ${end.detail}`)
    );
  }
  // The limits of the inspection have reasons of their own. What an interrupted inspection found would pass for all there is.
  if (end.reason === 'exited' && KILLED.includes(end.detail)) {
    throw fail('Host.ProcessKilled', `The inspection process for ${file} was killed (${end.detail})`);
  }
  if (end.reason === 'too-slow') throw fail('Host.TooSlow', `The inspection of ${file} was ended: ${end.detail}`);
  const reason = {
    complete: 'the inspection process returned an invalid report',
    exited: `the inspection process ended with ${end.detail}`,
    'time-limit': `the inspection took more than ${limits.timeLimitMs / 1000} s of processor time`,
    'output-limit': `the report exceeded ${limits.outputLimitBytes} bytes`,
  }[end.reason];
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
          remedy: GUEST_NOT_READ_REMEDY,
          source: 'inspection',
        },
      ],
    };
  }
  const code = end.reason === 'time-limit' ? 'Inspection.TimeLimit' : 'Inspection.Crashed';
  throw fail(code, `${file} could not be inspected: ${reason}`);
}

/** The child is untrusted too: an invalid line is ignored. */
function parseLine(line: string): ChildLine | null {
  try {
    const value: unknown = JSON.parse(line);
    return isChildLine(value) ? value : null;
  } catch {
    return null;
  }
}

function isChildLine(value: unknown): value is ChildLine {
  if (typeof value !== 'object' || value === null || !('complete' in value) || !('inspection' in value)) return false;
  const { complete, inspection } = value;
  return (
    typeof complete === 'boolean' &&
    typeof inspection === 'object' &&
    inspection !== null &&
    'format' in inspection &&
    'findings' in inspection &&
    Array.isArray(inspection.findings)
  );
}
