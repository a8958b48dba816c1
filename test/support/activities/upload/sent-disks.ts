/** Disks of two ranges that are compressed while they are sent to a recorded bucket, from files and from a web server. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DiskPlan } from '../../../../domain/plan.js';
import { bufferSource } from '../../../../images/bytes.js';
import { openContainer } from '../../../../images/container.js';
import { containerOf } from '../../../../images/convert/decision.js';
import { findingList } from '../../../../images/findings.js';
import { CLUSTER_BYTES, layoutOf, SEGMENT_BYTES } from '../../../../images/stream/layout.js';
import { openLocalFile } from '../../../../sources/local-file.js';
import { type Recorder, startRecorder } from '../../alibaba/oss-recorder.js';
import { writeStreamed } from '../../images/stream/written-file.js';
import { inspectionOf } from './inspections.js';
import { diskOf, uploadWorker, type WorkerOptions } from './upload-runner.js';

/** Two ranges. The second one is short, and ends within a cluster. */
export const SIZE = SEGMENT_BYTES + 1024 ** 2 - 512;
export const RANGES = [0, 1];
export const DATA_BYTES = 8 * CLUSTER_BYTES;
export const dataAt = (range: number) => range * SEGMENT_BYTES + 3 * CLUSTER_BYTES;

export const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
export const mismatch = { details: [expect.objectContaining({ code: 'Source.DigestMismatch' })] };
export const changed = { details: [expect.objectContaining({ code: 'Source.Changed' })] };

/** 512 KiB of data in each range. */
export function contentWith(text: (range: number) => string = (range) => `range ${range} `): Buffer {
  const content = Buffer.alloc(SIZE);
  for (const range of RANGES) content.fill(text(range), dataAt(range), dataAt(range) + DATA_BYTES);
  return content;
}

export type SentDisks = Awaited<ReturnType<typeof openSentDisks>>;

export async function openSentDisks() {
  const bucket: Recorder = await startRecorder();
  const folder = await mkdtemp(join(tmpdir(), 'sent-disks-'));
  const workers: { close(): void }[] = [];

  async function planOf(path: string, changes: Parameters<typeof inspectionOf>[0] = {}): Promise<DiskPlan> {
    const file = await openLocalFile(path);
    await file.close();
    const container = containerOf(inspectionOf({ virtualSize: SIZE, fileSize: file.size, ...changes }));
    const plan = { ...diskOf(1, { kind: 'file', path }, file.size), conversion: 'converted' as const };
    return { ...plan, inspected: { version: file.version, container } };
  }

  const partsSent = () =>
    bucket.requests.filter(({ query }) => query.has('partNumber')).map(({ query }) => Number(query.get('partNumber')));

  return {
    bucket,
    folder,
    planOf,
    async rawFile(name: string, content = contentWith()): Promise<DiskPlan> {
      const path = join(folder, name);
      await writeFile(path, content);
      return await planOf(path);
    },
    /** A QCOW2 file with the first range. */
    async qcow2File(): Promise<string> {
      const content = contentWith();
      const clusters = Array.from({ length: DATA_BYTES / CLUSTER_BYTES }, (_, index) => index + 3);
      const bytes = (cluster: number) => content.subarray(cluster * CLUSTER_BYTES, (cluster + 1) * CLUSTER_BYTES);
      const disk = { size: SEGMENT_BYTES, clusters: new Map(clusters.map((cluster) => [cluster, bytes(cluster)])) };
      const path = join(folder, 'disk.qcow2');
      await writeStreamed(path, disk, layoutOf(SEGMENT_BYTES), () => 1);
      return path;
    },
    worker(options: Partial<WorkerOptions> = {}) {
      // A busy machine is no server that has failed: bytes are counted.
      const created = uploadWorker({ endpoint: bucket.endpoint, stallMs: 30_000, ...options });
      workers.push(created);
      return created;
    },
    expectDisk(content: Buffer): void {
      const object = [...bucket.objects.values()].at(-1);
      const disk = object === undefined ? null : openContainer(bufferSource(object), findingList()).disk;
      for (let at = 0; at < SIZE; at += SEGMENT_BYTES) {
        const count = Math.min(SEGMENT_BYTES, SIZE - at);
        expect(disk?.read(at, count).equals(content.subarray(at, at + count))).toBe(true);
      }
    },
    partsSent,
    dataPartsSent: () => partsSent().filter((part) => part > 1 && part < 9802),
    failsAt(part: string): void {
      bucket.fault = ({ query }) =>
        query.get('partNumber') === part ? { kind: 'refuse', status: 503, code: 'SlowDown' } : undefined;
    },
    heal(): void {
      bucket.fault = () => undefined;
      bucket.requests.length = 0;
    },
    async close(): Promise<void> {
      for (const worker of workers.splice(0)) worker.close();
      await bucket.close();
      await rm(folder, { recursive: true });
    },
  };
}
