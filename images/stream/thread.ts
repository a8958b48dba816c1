/** A thread of the compression pool: reads segments of disks, and compresses them. */
import { parentPort } from 'node:worker_threads';
import { type ByteSource, UnreadableError } from '../bytes.js';
import { trimmedDisk } from '../trim/trimmed-disk.js';
import { compressSegment } from './clusters.js';
import { createCollector } from './collector.js';
import { type DiskSource, openDisk } from './disk-source.js';
import { CLUSTER_BYTES } from './layout.js';
import {
  CHANNEL_BYTES,
  CHANNEL_HEADER_BYTES,
  CHANNEL_STATE,
  type FromThread,
  type ThreadError,
  type ToThread,
} from './pool-messages.js';

interface OpenDisk {
  readonly source: DiskSource;
  readonly channel: SharedArrayBuffer | null;
  bytes?: ByteSource;
}

const disks = new Map<number, OpenDisk>();
const port = parentPort;
if (port === null) throw new Error('this program is a thread of the compression pool');
/** What zlib needs and returns for a cluster is outside of the heap. */
const CLUSTERS_PER_COLLECTION = 64;
const collectYoung = createCollector('young');
const reply = (message: FromThread) => port.postMessage(message);

port.on('message', (message: ToThread) => {
  if (message.kind === 'open') disks.set(message.disk, { source: message.source, channel: message.channel });
  else if (message.kind === 'close') disks.delete(message.disk);
  else compress(message);
});

function compress(message: ToThread & { readonly kind: 'compress' }): void {
  const { task, disk, offset, length, output, bytes: given } = message;
  const begun = performance.now();
  try {
    const source = given === null ? bytesOf(disk) : bytesFromTask(disk, offset, given);
    let dataBytes = 0;
    const read = (cluster: number): Uint8Array | null => {
      const at = cluster * CLUSTER_BYTES;
      if (cluster % CLUSTERS_PER_COLLECTION === 0) collectYoung();
      const count = Math.min(CLUSTER_BYTES, length - at);
      if ((source.zerosFrom?.(offset + at) ?? 0) >= count) return null;
      dataBytes += count;
      return source.read(offset + at, count);
    };
    const target = output && { ...output, memory: new Uint8Array(output.memory) };
    const result = compressSegment(Math.ceil(length / CLUSTER_BYTES), read, target);
    reply({ kind: 'done', task, ...result, dataBytes, busyMs: performance.now() - begun });
  } catch (error) {
    reply({ kind: 'failed', task, error: describe(error) });
  }
}

/** The disk, of which only the bytes of the task can be read. */
function bytesFromTask(disk: number, start: number, bytes: Uint8Array): ByteSource {
  const open = disks.get(disk);
  if (open === undefined) throw new Error(`disk ${disk} is not open in this thread`);
  const size = start + bytes.byteLength;
  const read = (offset: number, length: number) => Buffer.from(bytes.buffer, bytes.byteOffset + offset - start, length);
  return trimmedDisk({ size, read }, open.source.free);
}

function bytesOf(disk: number): ByteSource {
  const open = disks.get(disk);
  if (open === undefined || open.source.image === null) throw new Error(`disk ${disk} is not open in this thread`);
  const { source, channel } = open;
  const { image } = open.source;
  open.bytes ??= openDisk(open.source, image, (offset, target) => {
    if (channel === null) throw new Error(`disk ${disk} of ${source.container.format} has no channel`);
    readThrough(channel, disk, offset, target);
  });
  return open.bytes;
}

/** Waits until the pool has written the bytes into the channel. */
function readThrough(channel: SharedArrayBuffer, disk: number, offset: number, target: Buffer): void {
  const state = new Int32Array(channel, 0, 1);
  const { length } = target;
  for (let done = 0; done < length; ) {
    const count = Math.min(CHANNEL_BYTES, length - done);
    Atomics.store(state, 0, CHANNEL_STATE.waiting);
    reply({ kind: 'read', disk, offset: offset + done, length: count });
    Atomics.wait(state, 0, CHANNEL_STATE.waiting);
    // The pool knows the reason, and reports that.
    if (Atomics.load(state, 0) === CHANNEL_STATE.failed) throw new UnreadableError('the image could not be fetched');
    target.set(new Uint8Array(channel, CHANNEL_HEADER_BYTES, count), done);
    done += count;
  }
}

function describe(error: unknown): ThreadError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: null };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  // Buffer throws a RangeError for a field outside a truncated table.
  const name = error instanceof UnreadableError || error instanceof RangeError ? 'UnreadableError' : error.name;
  return { name, message: error.message, code };
}
