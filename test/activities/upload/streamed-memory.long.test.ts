/**
 * The memory of the process that sends a disk of 2 TiB full of data, with real threads, sockets and notes. All parts but the
 * last ones were sent by an earlier process, so that the test takes minutes: the sizes of all 33.5 million clusters are in the
 * database, and the tables list all of them.
 */
import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { crc64, crc64Combine } from '../../../alibaba/crc64.js';
import {
  CLUSTER_BYTES,
  CLUSTERS_PER_SEGMENT,
  FIRST_TABLE_PART,
  HEADER_PART,
  layoutOf,
} from '../../../images/stream/layout.js';
import { createUploadStore } from '../../../store/uploads.js';
import type { LargeDisk } from '../../support/activities/upload/large-disk-process.js';
import { startTestDatabase } from '../../support/store/test-database.js';

const run = promisify(execFile);
const MIB = 1024 ** 2;
const SIZE = 2 * 1024 ** 4;
/** Ranges that are compressed and sent: 224 MiB each. */
const TO_SEND = Number(process.env.LARGE_DISK_RANGES ?? 8);
const PROGRAM = fileURLToPath(new URL('../../support/activities/upload/large-disk-process.ts', import.meta.url));
const WRITER = { holder: 'imp-1/1', uploadId: 'large' };

interface Part {
  readonly size: number;
  readonly crc: bigint;
}

/** A bucket that discards what it receives. */
async function startSink(parts: Map<number, Part>) {
  let object: Part | null = null;
  const server = http.createServer({ highWaterMark: 256 * 1024 }, async (request, response) => {
    const query = new URL(request.url ?? '/', 'http://sink').searchParams;
    const number = Number(query.get('partNumber'));
    let [size, crc] = [0, 0n];
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) {
      if (number === 0) pieces.push(piece);
      crc = crc64(piece, crc);
      size += piece.length;
    }
    const xml = (body: string) => response.writeHead(200, { 'content-type': 'application/xml' }).end(body);
    if (number > 0) {
      parts.set(number, { size, crc });
      response.writeHead(200, { etag: `"${number}"`, 'x-oss-hash-crc64ecma': String(crc) }).end();
    } else if (request.method === 'GET') {
      const marker = Number(query.get('part-number-marker'));
      const all = [...parts].sort(([one], [other]) => one - other).filter(([one]) => one > marker);
      const page = all.slice(0, 1000);
      const listed = page.map(
        ([one, part]) =>
          `<Part><PartNumber>${one}</PartNumber><ETag>"${one}"</ETag><HashCrc64ecma>${part.crc}</HashCrc64ecma><Size>${part.size}</Size></Part>`,
      );
      const next = `<NextPartNumberMarker>${page.at(-1)?.[0] ?? 0}</NextPartNumberMarker>`;
      xml(
        `<ListPartsResult>${next}<IsTruncated>${all.length > page.length}</IsTruncated>${listed.join('')}</ListPartsResult>`,
      );
    } else if (request.method === 'POST') {
      const named = [
        ...Buffer.concat(pieces)
          .toString()
          .matchAll(/<PartNumber>(\d+)</g),
      ].map(([, one]) => Number(one));
      object = named
        .flatMap((one) => parts.get(one) ?? [])
        .reduce(
          (whole, part) => ({ size: whole.size + part.size, crc: crc64Combine(whole.crc, part.crc, part.size) }),
          { size: 0, crc: 0n },
        );
      xml('<CompleteMultipartUploadResult><ETag>"E"</ETag></CompleteMultipartUploadResult>');
    } else if (object === null) response.writeHead(404).end();
    else {
      const facts = { 'content-length': String(object.size), 'x-oss-hash-crc64ecma': String(object.crc), etag: '"E"' };
      response.writeHead(200, { ...facts, 'x-oss-storage-class': 'Standard' }).end();
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, object: () => object, close: () => server.close() };
}

test('a disk of 2 TiB full of data → the memory of the process grows by less than 250 MiB on a link without limit', async () => {
  const database = await startTestDatabase();
  const uploads = createUploadStore(database.pool);
  const layout = layoutOf(SIZE);
  const parts = new Map<number, Part>();
  const sink = await startSink(parts);
  try {
    const { rows } = await database.pool.query<{ id: number }>(
      `insert into ecs_image_import.uploads (region_id, bucket, key, form)
       values ('cn-hangzhou', 'large', 'disk.qcow2', 'converted') returning id`,
    );
    const id = Number(rows[0]?.id);
    await uploads.claim(id, WRITER.holder, 3_600_000);
    await uploads.noteUploadId(id, WRITER.uploadId, 'version');
    const count = Math.ceil(SIZE / (layout.range(0)?.length ?? 1));
    const client = await database.pool.connect();
    await client.query('begin');
    for (let index = 0; index < count - TO_SEND; index += 1) {
      const range = layout.range(index);
      if (range === null) throw new Error(`the disk has no range ${index}`);
      const clusters = randomSizes(range.length / CLUSTER_BYTES);
      const length = lengthOf(clusters);
      const stored = deflateRawSync(Buffer.from(clusters.buffer), { level: 1 });
      await client.query(
        `insert into ecs_image_import.upload_ranges (upload, number, level, length, crc64, etag, clusters, digest)
         values ($1, $2, 1, $3, '0', $4, $5, $6)`,
        [id, range.part, length, String(range.part), stored, Buffer.alloc(32, range.part)],
      );
      parts.set(range.part, { size: length, crc: 0n });
    }
    await client.query('commit');
    client.release();
    const job: LargeDisk = {
      ...{ databaseUrl: database.url, endpoint: sink.endpoint, upload: id, size: SIZE, threads: 2 },
      ...WRITER,
    };
    const { stdout } = await run(process.execPath, ['--import', 'tsx', PROGRAM, JSON.stringify(job)]);
    const { growth } = z.object({ growth: z.number() }).parse(JSON.parse(stdout));
    const tables = [...parts].filter(([number]) => number >= FIRST_TABLE_PART);
    const tableBytes = tables.reduce((sum, [, { size }]) => sum + size, 0);
    console.log(`${(growth / MIB).toFixed(0)} MiB, ${tables.length} parts of tables, ${tableBytes} bytes`);
    expect(parts.size).toBe(count + tables.length + HEADER_PART);
    expect(sink.object()?.size).toBe([...parts.values()].reduce((sum, { size }) => sum + size, 0));
    // One entry of 8 bytes for each cluster.
    expect(tableBytes).toBeGreaterThan((SIZE / CLUSTER_BYTES) * 8);
    // The aim is 200 MiB. What malloc keeps of the notes that were read is the remaining part.
    expect(growth / MIB).toBeLessThan(250);
  } finally {
    sink.close();
    await database.close();
  }
}, 1_200_000);

function lengthOf(clusters: Uint16Array): number {
  let length = 0;
  for (let at = 0; at < clusters.length; at += CLUSTERS_PER_SEGMENT) {
    const bytes = clusters.subarray(at, at + CLUSTERS_PER_SEGMENT).reduce((sum, one) => sum + one, 0);
    length += Math.ceil(bytes / CLUSTER_BYTES) * CLUSTER_BYTES;
  }
  return length;
}

/** Of compressed clusters of all sizes, which are the least compressible notes. */
function randomSizes(count: number): Uint16Array<ArrayBuffer> {
  const sizes = randomFillSync(new Uint16Array(count));
  return sizes.map((size) => Math.max(1, size % (CLUSTER_BYTES - 512)));
}
