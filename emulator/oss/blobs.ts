/** Stores object content in files. Streams and checksums it, with bounded memory; runs of zeros become sparse extents. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Segment } from '../model.js';
import { crc64 } from './crc64.js';

const ZEROS = Buffer.alloc(65_536);
/** Chunks are collected up to this size, to reduce the number of writes. It bounds the memory of one upload. */
const WRITE_BUFFER_BYTES = 1_048_576;

export interface WrittenBlob {
  readonly file: string;
  readonly size: number;
  readonly crc64: bigint;
  /** Null if no MD5 was requested. */
  readonly md5: Buffer | null;
}

export class Blobs {
  /** The number of readers of each file. A file that is removed during a read is deleted after the last reader ends. */
  private readonly readers = new Map<string, number>();
  private readonly pendingRemoval = new Set<string>();
  /** Incremented by each `clear()`, so that uploads in progress fail. */
  private generation = 0;

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** Rejects and removes the file if the body ends early. Calls `onBytes` with the length of each chunk. */
  async write(body: Readable, withMd5: boolean, onBytes: (bytes: number) => void): Promise<WrittenBlob> {
    const file = randomUUID();
    const { generation } = this;
    const handle = await open(path.join(this.folder, file), 'w');
    const md5 = withMd5 ? createHash('md5') : null;
    let checksum = 0n;
    let size = 0;
    let flushed = 0;
    let buffered: Buffer[] = [];
    let end = 0;
    const flush = async (): Promise<void> => {
      const chunks = buffered;
      buffered = [];
      const at = flushed;
      flushed = size;
      if (chunks.every(isZero)) return;
      const { bytesWritten } = await handle.writev(chunks, at);
      if (bytesWritten !== size - at)
        throw new Error(`wrote only ${bytesWritten} of ${size - at} bytes; check the free disk space`);
      end = size;
    };
    try {
      for await (const chunk of body) {
        checksum = crc64(chunk, checksum);
        md5?.update(chunk);
        buffered.push(chunk);
        size += chunk.length;
        onBytes(chunk.length);
        if (size - flushed >= WRITE_BUFFER_BYTES) await flush();
      }
      await flush();
      if (end !== size) await handle.truncate(size);
      await handle.close();
      if (generation !== this.generation) throw new Error('the emulator was reset during the upload');
      return { file, size, crc64: checksum, md5: md5?.digest() ?? null };
    } catch (error) {
      await handle.close().catch(() => undefined);
      await this.unlink(file);
      throw error;
    }
  }

  /** Reads the bytes `start` to `end` (inclusive) of the concatenated segments. */
  read(segments: readonly Segment[], start: number, end: number): Readable {
    const files = this.hold(segments);
    const body = Readable.from(this.chunks(segments, start, end), { objectMode: false, highWaterMark: 1 });
    return body.once('close', () => this.release(files));
  }

  async readBytes(segments: readonly Segment[], start: number, length: number): Promise<Buffer> {
    const size = segments.reduce((sum, segment) => sum + segment.size, 0);
    const chunks: Buffer[] = [];
    const end = Math.min(start + length, size) - 1;
    if (end < start) return Buffer.alloc(0);
    const files = this.hold(segments);
    try {
      for await (const chunk of this.chunks(segments, start, end)) chunks.push(chunk);
    } finally {
      this.release(files);
    }
    return Buffer.concat(chunks);
  }

  async remove(segments: readonly Pick<Segment, 'file'>[]): Promise<void> {
    for (const { file } of segments) {
      if (this.readers.has(file)) this.pendingRemoval.add(file);
      else await this.unlink(file);
    }
  }

  /** Names of all files, those that are being written too. */
  files(): readonly string[] {
    return readdirSync(this.folder);
  }

  /** Removes everything; uploads that are under way fail. */
  clear(): void {
    this.generation += 1;
    this.removeUnknown(new Set());
  }

  /** Removes files that no record names: what a killed process was still receiving. */
  removeUnknown(known: ReadonlySet<string>): void {
    for (const file of this.files()) {
      if (!known.has(file)) rmSync(path.join(this.folder, file), { force: true });
    }
  }

  private hold(segments: readonly Segment[]): readonly string[] {
    const files = segments.map(({ file }) => file);
    for (const file of files) this.readers.set(file, (this.readers.get(file) ?? 0) + 1);
    return files;
  }

  private release(files: readonly string[]): void {
    for (const file of files) {
      const left = (this.readers.get(file) ?? 1) - 1;
      if (left > 0) this.readers.set(file, left);
      else this.readers.delete(file);
      if (left === 0 && this.pendingRemoval.delete(file)) void this.unlink(file);
    }
  }

  private async unlink(file: string): Promise<void> {
    await unlink(path.join(this.folder, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  private async *chunks(segments: readonly Segment[], start: number, end: number): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const { file, size } of segments) {
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, size - 1);
      offset += size;
      if (from > to) continue;
      yield* createReadStream(path.join(this.folder, file), { start: from, end: to, highWaterMark: 262_144 });
    }
  }
}

function isZero(chunk: Buffer): boolean {
  for (let at = 0; at < chunk.length; at += ZEROS.length) {
    const piece = chunk.subarray(at, at + ZEROS.length);
    if (!piece.equals(ZEROS.subarray(0, piece.length))) return false;
  }
  return true;
}
