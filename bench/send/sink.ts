/**
 * A bucket that discards what it receives, no faster than a link. It computes the checksums, as OSS does. Its process prints
 * its port. Argument: bytes per second, 0 for no limit.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { crc64, crc64Combine } from '../../alibaba/crc64.js';

const [, , limit = '0'] = process.argv;
const bytesPerSecond = Number(limit);
const parts = new Map<number, { readonly size: number; readonly crc: bigint }>();
let object: { readonly size: number; readonly crc: string } | null = null;
let freeAt = 0;

/** All connections share the link. */
async function pass(bytes: number): Promise<void> {
  if (bytesPerSecond === 0) return;
  const now = performance.now();
  freeAt = Math.max(now, freeAt) + (bytes * 1000) / bytesPerSecond;
  if (freeAt - now > 2) await delay(freeAt - now);
}

const server = http.createServer({ highWaterMark: 256 * 1024 }, async (request, response) => {
  const query = new URL(request.url ?? '/', 'http://sink').searchParams;
  const number = Number(query.get('partNumber'));
  let crc = 0n;
  let size = 0;
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) {
    if (number === 0) pieces.push(piece);
    crc = crc64(piece, crc);
    size += piece.length;
    await pass(piece.length);
  }
  const xml = (body: string) => response.writeHead(200, { 'content-type': 'application/xml' }).end(body);
  if (number > 0) {
    parts.set(number, { size, crc });
    response.writeHead(200, { etag: `"${number}"`, 'x-oss-hash-crc64ecma': String(crc) }).end();
  } else if (query.has('uploads') && request.method === 'POST') {
    parts.clear();
    object = null;
    xml('<InitiateMultipartUploadResult><UploadId>bench</UploadId></InitiateMultipartUploadResult>');
  } else if (query.has('uploadId') && request.method === 'POST') {
    const named = [
      ...Buffer.concat(pieces)
        .toString()
        .matchAll(/<PartNumber>(\d+)</g),
    ].map(([, part]) => Number(part));
    let whole = { size: 0, crc: 0n };
    for (const part of named.flatMap((one) => parts.get(one) ?? [])) {
      whole = { size: whole.size + part.size, crc: crc64Combine(whole.crc, part.crc, part.size) };
    }
    object = { size: whole.size, crc: String(whole.crc) };
    xml('<CompleteMultipartUploadResult><ETag>"E"</ETag></CompleteMultipartUploadResult>');
  } else if (request.method === 'HEAD' && object !== null) {
    const facts = { 'content-length': String(object.size), 'x-oss-hash-crc64ecma': object.crc, etag: '"E"' };
    response.writeHead(200, { ...facts, 'x-oss-storage-class': 'Standard' }).end();
  } else {
    response.writeHead(404, { 'content-type': 'application/xml' }).end('<Error><Code>NoSuchKey</Code></Error>');
  }
});
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.resume().on('end', () => process.exit());
