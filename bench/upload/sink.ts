/**
 * A stand-in for OSS that takes the bytes of parts and throws them away, so that only the client's speed is measured.
 * The checksums it answers with were made from the file before, and cost nothing while a client runs. It remembers which
 * parts have arrived whole, and how many bytes came in all. Tells its port to its parent.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc64, crc64Combine } from '../../alibaba/crc64.js';
import { openFileSource } from '../../sources/file.js';

const BUFFERS = [Buffer.alloc(1 << 20), Buffer.alloc(1 << 20)] as const;
/** Checksum of each MiB of the file. */
const mebibytes: bigint[] = [];
let fileSize = 0;

async function learn(file: string): Promise<void> {
  const source = await openFileSource(file);
  fileSize = source.size;
  mebibytes.length = 0;
  const never = new AbortController().signal;
  for await (const chunk of source.read(0, source.size, BUFFERS, never)) mebibytes.push(crc64(chunk));
  await source.close();
}

/** Of the bytes from `offset`, which is a whole number of MiB like every part size of the benchmark. */
function checksum(offset: number, length: number): string {
  let sum = 0n;
  for (let position = offset; position < offset + length; position += 1 << 20) {
    const bytes = Math.min(1 << 20, fileSize - position);
    sum = crc64Combine(sum, mebibytes[position / (1 << 20)] ?? 0n, bytes);
  }
  return sum.toString();
}

const sums = new Map<string, string>();
/** Numbers of the parts that have arrived whole, with their sizes. */
const arrived = new Map<string, number>();
let partSize = 0;
/** Bytes of bodies; those of bodies that were cut off; those of parts that had arrived before. */
let received = { bytes: 0, cutBytes: 0, repeatedBytes: 0 };

function partList(): string {
  const parts = [...arrived].map(
    ([number, size]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>"${number}"</ETag><Size>${size}</Size>` +
      `<HashCrc64ecma>${sums.get(number) ?? ''}</HashCrc64ecma></Part>`,
  );
  return `<ListPartsResult><IsTruncated>false</IsTruncated>${parts.join('')}</ListPartsResult>`;
}

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://sink');
  const part = url.searchParams.get('partNumber');
  const xml = (body: string, headers: Record<string, string> = {}) => {
    response.writeHead(200, { 'content-type': 'application/xml', 'x-oss-request-id': 'bench', ...headers });
    response.end(`<?xml version="1.0"?>${body}`);
  };
  if (part !== null) {
    const length = Number(request.headers['content-length']);
    if (arrived.has(part)) received.repeatedBytes += length;
    arrived.set(part, length);
    response.writeHead(200, { etag: `"${part}"`, 'x-oss-hash-crc64ecma': sums.get(part) ?? '' });
    response.end();
  } else if (url.searchParams.has('uploads') && request.method === 'POST') {
    xml('<InitiateMultipartUploadResult><UploadId>bench</UploadId></InitiateMultipartUploadResult>');
  } else if (url.searchParams.has('uploads')) {
    xml('<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>');
  } else if (request.method === 'POST') {
    completed = true;
    const headers = { etag: '"whole"', 'x-oss-hash-crc64ecma': sums.get('whole') ?? '' };
    xml('<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>', headers);
  } else if (request.method === 'GET') {
    xml(partList());
  } else if (completed) {
    response.writeHead(200, { 'content-length': String(fileSize), 'x-oss-hash-crc64ecma': sums.get('whole') ?? '' });
    response.end();
  } else {
    response.writeHead(404);
    response.end();
  }
}

let completed = false;

const server = http.createServer({ highWaterMark: 1 << 20 }, (request, response) => {
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    received.bytes += piece.length;
  });
  request.on('end', () => answer(request, response));
  request.on('close', () => {
    if (!request.complete) received.cutBytes += bytes;
  });
});

process.on('message', async (task: { file?: string; partSize: number } | 'count') => {
  if (task === 'count') {
    process.send?.(received);
    return;
  }
  if (task.file !== undefined) await learn(task.file);
  partSize = task.partSize;
  completed = false;
  received = { bytes: 0, cutBytes: 0, repeatedBytes: 0 };
  arrived.clear();
  sums.clear();
  for (let offset = 0, part = 1; offset < fileSize; offset += partSize, part++) {
    sums.set(String(part), checksum(offset, Math.min(partSize, fileSize - offset)));
  }
  sums.set('whole', checksum(0, fileSize));
  process.send?.('ready');
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
