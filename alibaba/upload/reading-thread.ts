/**
 * A thread that reads pieces of files into the checksum's memory and computes their CRC64 there, while the main thread sends
 * other pieces. Requests and results are in shared memory, because a message for each piece would cost more than the checksum.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { crc64ForThread } from '../crc64.js';

export interface PieceToRead {
  readonly fd: number;
  readonly position: number;
  /** In the memory of the checksum. */
  readonly into: Uint8Array;
  /** The checksum of the bytes before the piece. */
  readonly crc64: bigint;
}

export interface ReadingThread {
  /** False while it starts, and after it has ended. */
  readonly isReady: boolean;
  /** How many pieces it has to read. */
  readonly waiting: number;
  /** How long it has been reading the current piece; ms. */
  readonly busyMs: number;
  /** The checksum up to the end of the piece. Null: it was not read, and is no longer being read. */
  read(piece: PieceToRead): Promise<bigint | null>;
  terminate(): Promise<void>;
}

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** More than the pieces that can be read at the same time: one for each pair of buffers. A power of two. */
const SLOTS = 64;
/**
 * Indexes in the shared memory. The counters are 32-bit integers: pieces wanted and done since the start, and whether the thread
 * has announced what is done. Behind them are entries of 64-bit fields.
 */
const LAYOUT = {
  ...{ wanted: 0, done: 1, isAnnounced: 2 },
  ...{ entries: 8, slots: SLOTS, entryFields: 8 },
  ...{ fd: 0, position: 1, address: 2, length: 3, state: 4, isRead: 5 },
} as const;
const CONTROL_BYTES = 8 * (LAYOUT.entries + SLOTS * LAYOUT.entryFields);

/** @param index of the thread's working space in the checksum's memory */
export function startReadingThread(index: number): ReadingThread {
  const control = new SharedArrayBuffer(CONTROL_BYTES);
  const counters = new Int32Array(control);
  const numbers = new Float64Array(control);
  const states = new BigInt64Array(control);
  const pending: ((crc64: bigint | null) => void)[] = [];
  let isReady = false;
  let wanted = 0;
  let finished = 0;
  let busySince = 0;

  const worker = new Worker(threadProgram(), {
    ...{ stdin: false, env: {}, execArgv: [] },
    workerData: { ...crc64ForThread(index), control, layout: LAYOUT },
    resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
  });
  worker.unref();

  const entryOf = (piece: number) => LAYOUT.entries + (piece & (SLOTS - 1)) * LAYOUT.entryFields;
  const takeDone = () => {
    // Before the results are taken: what is done from now on is announced again.
    Atomics.store(counters, LAYOUT.isAnnounced, 0);
    const done = Atomics.load(counters, LAYOUT.done);
    for (; finished !== done; finished = (finished + 1) | 0) {
      const entry = entryOf(finished);
      const isRead = numbers[entry + LAYOUT.isRead] === 1;
      pending.shift()?.(isRead ? BigInt.asUintN(64, states[entry + LAYOUT.state] ?? 0n) ^ ALL_ONES : null);
      busySince = performance.now();
    }
    if (pending.length === 0) worker.unref();
  };
  const end = () => {
    isReady = false;
    takeDone();
    for (const resolve of pending.splice(0)) resolve(null);
  };
  worker.on('message', (message: unknown) => {
    if (message === 'ready') isReady = true;
    else takeDone();
  });
  worker.on('error', () => undefined);
  worker.on('exit', end);

  return {
    get isReady() {
      return isReady;
    },
    get waiting() {
      return pending.length;
    },
    get busyMs() {
      return pending.length === 0 ? 0 : performance.now() - busySince;
    },
    read({ fd, position, into, crc64 }) {
      if (!isReady || pending.length >= SLOTS) return Promise.resolve(null);
      const entry = entryOf(wanted);
      numbers[entry + LAYOUT.fd] = fd;
      numbers[entry + LAYOUT.position] = position;
      numbers[entry + LAYOUT.address] = into.byteOffset;
      numbers[entry + LAYOUT.length] = into.byteLength;
      states[entry + LAYOUT.state] = BigInt.asIntN(64, crc64 ^ ALL_ONES);
      if (pending.length === 0) {
        busySince = performance.now();
        worker.ref();
      }
      const result = new Promise<bigint | null>((resolve) => pending.push(resolve));
      wanted = (wanted + 1) | 0;
      Atomics.store(counters, LAYOUT.wanted, wanted);
      Atomics.notify(counters, LAYOUT.wanted);
      return result;
    },
    terminate: async () => void (await worker.terminate()),
  };
}

/** Beside `package.json`: the sources have the folder two levels up, the build three. */
function threadProgram(): string {
  const name = 'assets/checked-reads-thread.cjs';
  const candidates = ['../..', '../../..'].map((up) => path.join(import.meta.dirname, up, name));
  return candidates.find((candidate) => existsSync(candidate)) ?? name;
}
