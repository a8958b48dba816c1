/**
 * Compresses segments of disks on all cores, in threads that all uploads of the process share. A thread reads its segments
 * itself: from an open file, or from a remote image through a channel of shared memory, in which the main thread puts the bytes.
 */
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { CompressedSegment, Level } from './clusters.js';
import type { DiskSource } from './disk-source.js';
import { createPartMemory, type PartMemory, type SegmentBlocks } from './part-memory.js';
import {
  CHANNEL_BYTES,
  CHANNEL_HEADER_BYTES,
  CHANNEL_STATE,
  type FromThread,
  type ThreadError,
  type ToThread,
} from './pool-messages.js';

export interface Segment {
  /** Of the disk, in bytes. */
  readonly offset: number;
  readonly length: number;
  /** Null: only the digest is wanted. */
  readonly output: { readonly level: Level; readonly target: SegmentBlocks } | null;
  /** The bytes of the disk, if they are in memory; they move to the thread. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

export interface SegmentResult extends CompressedSegment {
  /** Bytes of the disk that were read, and for how long a thread was busy with them. */
  readonly dataBytes: number;
  readonly busyMs: number;
}

export interface PooledDisk {
  /** Rejects with the error of `fetch`, `SegmentError`, or the signal's reason, after the thread no longer reads the segment. */
  compress(segment: Segment, signal: AbortSignal): Promise<SegmentResult>;
  /** Resolves when no thread reads the disk any more: only then may its file be closed. */
  close(): Promise<void>;
}

export interface CompressionPool {
  readonly threads: number;
  /** For the bytes of all segments. */
  readonly memory: PartMemory;
  /** @param fetch reads exactly these bytes of a remote image into `target` */
  open(source: DiskSource, fetch?: FetchRange): PooledDisk;
  close(): Promise<void>;
}

export type FetchRange = (offset: number, target: Uint8Array, signal: AbortSignal) => Promise<void>;

/** A segment could not be read or compressed. */
export class SegmentError extends Error {
  override readonly name = 'SegmentError';
  constructor(
    /** `damaged`: the image is. `system`: the host could not read it. `ended`: the thread ended. */
    readonly kind: 'damaged' | 'system' | 'ended',
    message: string,
    /** Of a system error. */
    readonly code: string | null,
  ) {
    super(message);
  }
}

/** Reading and compressing 16 MiB takes less than a second; an image that keeps a thread busy for so long was made to do so. */
const MAX_BUSY_MS = 120_000;
/**
 * A thread that waits for a server needs no core: another one works meanwhile. So many wait at most, and of one disk no more than
 * there are cores, so that servers that send little do not delay the disks of others.
 */
const MAX_FETCHING = 8;
/** Threads besides one for each core end when they have nothing to do for so long. */
const IDLE_MS = 30_000;
/** Of JavaScript objects; buffers are outside of it. */
const MAX_HEAP_MIB = 512;
/** Young objects are collected after every few MiB, so that more would only stay unused. */
const MAX_YOUNG_MIB = 6;

interface Task {
  readonly id: number;
  readonly disk: Disk;
  readonly segment: Segment;
  readonly signal: AbortSignal;
  readonly resolve: (result: SegmentResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Disk {
  readonly id: number;
  readonly source: DiskSource;
  readonly fetch: FetchRange | null;
}

/** @param program of the threads */
export function createCompressionPool(count = os.availableParallelism(), program = threadProgram()): CompressionPool {
  const memory = createPartMemory();
  const waiting: Task[] = [];
  const threads = new Set<PoolThread>();
  let ids = 0;
  const nextId = () => {
    ids += 1;
    return ids;
  };

  const countOf = (is: (thread: PoolThread) => boolean) => [...threads].filter(is).length;
  /** The first one that may run now. */
  const nextTask = (): Task | undefined => {
    if (countOf(({ isIdle, isFetching }) => !isIdle && !isFetching) >= count) return undefined;
    const fetching = countOf(({ isFetching }) => isFetching);
    const at = waiting.findIndex(
      ({ disk }) =>
        disk.fetch === null || (fetching < MAX_FETCHING && countOf((thread) => thread.diskId === disk.id) < count),
    );
    return at < 0 ? undefined : waiting.splice(at, 1)[0];
  };
  const newThread = (): PoolThread => {
    const thread = createThread(program, memory.bytes, {
      ended: () => threads.delete(thread),
      changed: start,
      idle: () => {
        if (threads.size > count && threads.delete(thread)) void thread.terminate();
      },
    });
    threads.add(thread);
    return thread;
  };
  const start = () => {
    for (let task = nextTask(); task !== undefined; task = nextTask()) {
      const thread = [...threads].find(({ isIdle }) => isIdle) ?? newThread();
      thread.run(task);
    }
  };

  return {
    threads: count,
    memory,
    open(source, fetch) {
      const disk: Disk = { id: nextId(), source, fetch: fetch ?? null };
      const running = new Set<Promise<unknown>>();
      return {
        async compress(segment, signal) {
          signal.throwIfAborted();
          let task: Task | undefined;
          const promise = new Promise<SegmentResult>((resolve, reject) => {
            task = { id: nextId(), disk, segment, signal, resolve, reject };
            waiting.push(task);
          });
          const abort = () => {
            const at = task === undefined ? -1 : waiting.indexOf(task);
            // A thread that has begun ends its segment first.
            if (at < 0) return;
            waiting.splice(at, 1);
            task?.reject(signal.reason);
          };
          signal.addEventListener('abort', abort, { once: true });
          const result = promise.finally(() => signal.removeEventListener('abort', abort));
          const settled: Promise<unknown> = result.catch(() => undefined).finally(() => running.delete(settled));
          running.add(settled);
          start();
          return await result;
        },
        async close() {
          await Promise.all(running);
          for (const thread of threads) thread.forget(disk.id);
        },
      };
    },
    async close() {
      await Promise.all([...threads].map((thread) => thread.terminate()));
    },
  };
}

/** Tests and benchmarks run the sources: a thread of Node.js 20 loads these only with a loader that it registers itself. */
function threadProgram(): URL {
  const suffix = path.extname(import.meta.filename);
  const thread = pathToFileURL(path.join(import.meta.dirname, `thread${suffix}`));
  if (suffix !== '.ts') return thread;
  const loader = import.meta.resolve('tsx/esm/api');
  const program = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(thread.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(program)}`);
}

interface PoolThread {
  readonly isIdle: boolean;
  /** It waits for bytes of a remote image. */
  readonly isFetching: boolean;
  /** Of its task. */
  readonly diskId: number | null;
  run(task: Task): void;
  forget(disk: number): void;
  terminate(): Promise<void>;
}

function createThread(
  program: URL,
  memory: SharedArrayBuffer,
  on: { readonly ended: () => void; readonly changed: () => void; readonly idle: () => void },
): PoolThread {
  const worker = new Worker(program, {
    ...{ stdin: false, env: {} },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB, maxYoungGenerationSizeMb: MAX_YOUNG_MIB },
  });
  worker.unref();
  const channel = new SharedArrayBuffer(CHANNEL_HEADER_BYTES + CHANNEL_BYTES);
  const state = new Int32Array(channel, 0, 1);
  const opened = new Set<number>();
  let current: Task | null = null;
  let fetchError: unknown = null;
  let isFetching = false;
  let limit: NodeJS.Timeout | null = null;
  let idle: NodeJS.Timeout | undefined;
  const send = (message: ToThread, transfer: readonly ArrayBuffer[] = []) => worker.postMessage(message, transfer);

  const end = (settle: (task: Task) => void) => {
    const task = current;
    current = null;
    isFetching = false;
    if (limit !== null) clearTimeout(limit);
    idle = setTimeout(on.idle, IDLE_MS).unref();
    worker.unref();
    if (task !== null) settle(task);
  };
  const ended = (reason: string) => {
    on.ended();
    end((task) => task.reject(new SegmentError('ended', reason, null)));
    on.changed();
  };
  const fetchFor = async ({ disk: { fetch }, signal }: Task, offset: number, length: number) => {
    isFetching = true;
    on.changed();
    try {
      if (fetch === null) throw new Error('the disk has no remote image');
      await fetch(offset, new Uint8Array(channel, CHANNEL_HEADER_BYTES, length), signal);
      Atomics.store(state, 0, CHANNEL_STATE.ready);
    } catch (error) {
      fetchError = error;
      Atomics.store(state, 0, CHANNEL_STATE.failed);
    }
    isFetching = false;
    Atomics.notify(state, 0);
  };

  worker.on('message', (message: FromThread) => {
    if (message.kind === 'read') {
      if (current !== null) void fetchFor(current, message.offset, message.length);
      return;
    }
    end((task) => {
      if (task.signal.aborted) task.reject(task.signal.reason);
      else if (message.kind === 'done') {
        const { pieces, clusters, digest, dataBytes, busyMs } = message;
        task.resolve({ pieces, clusters, digest, dataBytes, busyMs });
      } else task.reject(fetchError ?? errorOf(message.error));
    });
    fetchError = null;
    on.changed();
  });
  let reason = 'the thread ended';
  worker.on('error', (error) => {
    reason = `the thread failed: ${error.message}`;
  });
  worker.on('exit', () => ended(reason));

  return {
    get isIdle() {
      return current === null;
    },
    get isFetching() {
      return isFetching;
    },
    get diskId() {
      return current?.disk.id ?? null;
    },
    run(task) {
      const { disk, segment, id } = task;
      const { offset, length, bytes = null } = segment;
      current = task;
      clearTimeout(idle);
      worker.ref();
      if (!opened.has(disk.id)) {
        opened.add(disk.id);
        send({ kind: 'open', disk: disk.id, source: disk.source, channel: disk.fetch === null ? null : channel });
      }
      // The limits of the network apply to a remote image.
      if (disk.fetch === null) {
        limit = setTimeout(() => {
          reason = `a segment of 16 MiB took longer than ${MAX_BUSY_MS / 1000} s`;
          void worker.terminate();
        }, MAX_BUSY_MS);
      }
      const output = segment.output && {
        level: segment.output.level,
        ...{ memory, blocks: segment.output.target.blocks },
      };
      send({ kind: 'compress', task: id, disk: disk.id, offset, length, output, bytes }, bytes ? [bytes.buffer] : []);
    },
    forget(disk) {
      if (opened.delete(disk)) send({ kind: 'close', disk });
    },
    async terminate() {
      await worker.terminate();
    },
  };
}

function errorOf({ name, message, code }: ThreadError): SegmentError {
  return new SegmentError(name === 'UnreadableError' ? 'damaged' : 'system', message, code);
}
