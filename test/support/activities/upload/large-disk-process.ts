/**
 * A process that continues the upload of a disk of terabytes with the threads of a worker. Its bytes come from a generator.
 * Argument: JSON of `LargeDisk`. Prints the growth of its memory in bytes.
 */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { streamedParts } from '../../../../activities/upload/streamed-parts.js';
import { createOss } from '../../../../alibaba/oss.js';
import { createCompressionPool } from '../../../../images/stream/compression-pool.js';
import { layoutOf, PART_LIMITS } from '../../../../images/stream/layout.js';
import { createLevelChoice } from '../../../../images/stream/level-choice.js';
import { packRanges } from '../../../../images/trim/trimmed-disk.js';
import { openPool } from '../../../../store/database.js';
import { createUploadRanges } from '../../../../store/upload-ranges.js';

export interface LargeDisk {
  readonly databaseUrl: string;
  readonly endpoint: string;
  readonly upload: number;
  readonly holder: string;
  readonly uploadId: string;
  readonly size: number;
  readonly threads: number;
}

const { databaseUrl, endpoint, upload, holder, uploadId, size, threads }: LargeDisk = JSON.parse(process.argv[2] ?? '');
const { signal } = new AbortController();
const pool = openPool({ url: databaseUrl, applicationName: 'large disk', maxConnections: 4 });
const program = new URL('../../../../dist/images/stream/thread.js', import.meta.url);
const compression = createCompressionPool(threads, program);
const oss = createOss({
  ...{ endpoint, region: 'cn-hangzhou' },
  credentials: async () => ({ accessKeyId: 'test', accessKeySecret: 'test-secret' }),
});

/** Every other KiB is noise, so that no cluster is equal to another one, and each becomes about half as large. */
const pattern = Buffer.alloc(1024 ** 2, 'a line of a file on the disk\n');
for (let at = 0; at < pattern.length; at += 2048) randomFillSync(pattern, at, 1024);
async function generate(offset: number, target: Uint8Array): Promise<void> {
  for (let done = 0; done < target.byteLength; ) {
    const from = (offset + done) % pattern.length;
    const piece = pattern.subarray(from, from + target.byteLength - done);
    target.set(piece, done);
    done += piece.byteLength;
  }
}

const source = { image: { kind: 'remote' as const, size }, container: { format: 'RAW', virtualSize: size } };
const before = process.memoryUsage.rss();
const disk = compression.open({ ...source, free: packRanges([]) }, generate);
await oss.uploadBuilt({
  ...{ bucket: 'large', key: 'disk.qcow2', uploadId, isFirst: false, meta: {}, signal, wholeCrc64: null },
  onUploadId: async () => undefined,
  onWhole: async () => undefined,
  parts: streamedParts({
    ...{ size, layout: layoutOf(size), disk, choice: createLevelChoice(threads, oss.linkSpeed), builders: threads },
    ...{ bufferedSegments: PART_LIMITS.bufferedSegments, memory: compression.memory },
    ...{ isHole: () => false, check: async () => undefined, onProgress: () => undefined },
    ...{ ranges: createUploadRanges(pool), writer: { upload, holder, sourceVersion: 'version' } },
  }),
});
const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
process.stdout.write(`${JSON.stringify({ growth: peak - before })}\n`);
process.exit();
