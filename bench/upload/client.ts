/**
 * Uploads one file twice with one of the Node clients and prints the measurements as one line of JSON: those of the first upload
 * of the process, which compiles the code and starts threads, and of the second one.
 * Arguments: client, endpoint, file, part size in bytes, concurrent parts.
 */
import { open, stat } from 'node:fs/promises';
import http from 'node:http';
import OSS from 'ali-oss';
import { findQemuImg } from '../../images/convert/qemu-img.js';
import { sparseMap } from '../../sources/sparse-extents.js';
import { extentsOf } from './extents.js';

// As a worker runs them: tsx adds work to each function that is created.
const compiled = (file: string) => import(new URL(`../../dist/${file}`, import.meta.url).href);
const { createOss }: typeof import('../../alibaba/oss.js') = await compiled('alibaba/oss.js');
const { openFileReader }: typeof import('../../sources/file.js') = await compiled('sources/file.js');

const [client = '', endpoint = '', file = '', partSizeText = '', concurrentText = ''] = process.argv.slice(2);
const partSize = Number(partSizeText);
const concurrentParts = Number(concurrentText);
const keys = { accessKeyId: 'bench', accessKeySecret: 'bench-secret' };

/** Determined before the measurement, because a worker also knows the extents before the upload. */
async function holes() {
  const qemuImg = await findQemuImg();
  const data = qemuImg === null ? null : await extentsOf(file, qemuImg, new AbortController().signal);
  return data === null ? null : sparseMap(data);
}
const known = client === 'ours' ? await holes() : null;

const clients: Record<string, (key: string) => Promise<unknown>> = {
  async ours(key) {
    const oss = createOss({
      ...{ endpoint, region: 'cn-hangzhou', credentials: async () => keys },
      settings: { partSize, concurrentParts },
    });
    const source = await openFileReader(file, known);
    await oss.upload({
      ...{ bucket: 'bench', key, source, uploadId: null, isFirst: true, meta: {} },
      onUploadId: async () => undefined,
      onProgress: () => undefined,
      signal: new AbortController().signal,
    });
    await source.close();
  },

  async 'ali-oss'(key) {
    const target = { endpoint, sldEnable: true, region: 'oss-cn-hangzhou', bucket: 'bench', authorizationV4: true };
    await new OSS({ ...keys, ...target, timeout: 600_000 }).multipartUpload(key, file, {
      parallel: concurrentParts,
      partSize,
    });
  },

  /** The upper bound of Node: no signature, no checksum, no retry. */
  async 'node:http'(key) {
    const { size } = await stat(file);
    const handle = await open(file);
    const agent = new http.Agent({ keepAlive: true });
    let next = 0;
    const uploadParts = async () => {
      const buffer = Buffer.allocUnsafe(1 << 20);
      while (next * partSize < size) {
        const part = next++;
        const end = Math.min(size, (part + 1) * partSize);
        const path = `/bench/${key}?uploadId=bench&partNumber=${part + 1}`;
        const headers = { 'content-length': end - part * partSize };
        const request = http.request(endpoint, { method: 'PUT', path, headers, agent });
        const responded = new Promise<http.IncomingMessage>((resolve, reject) => {
          request.on('response', resolve).on('error', reject);
        });
        for (let offset = part * partSize; offset < end; ) {
          const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - offset), offset);
          await new Promise((resolve) => request.write(buffer.subarray(0, bytesRead), resolve));
          offset += bytesRead;
        }
        request.end();
        const response = await responded;
        await new Promise((resolve) => response.resume().on('end', resolve));
      }
    };
    await Promise.all(Array.from({ length: concurrentParts }, uploadParts));
    await handle.close();
  },
};

const upload = clients[client];
if (!upload) throw new Error(`unknown client "${client}"; use one of ${Object.keys(clients).join(', ')}`);

async function measured(work: () => Promise<unknown>) {
  const before = process.memoryUsage.rss();
  const samples: number[] = [];
  const watch = setInterval(() => samples.push(process.memoryUsage.rss()), 50);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watch);
  const memory = Math.max(before, ...samples);
  const course = Array.from({ length: 10 }, (_, tenth) => samples[Math.floor((tenth * samples.length) / 10)] ?? before);
  return { seconds, cpuSeconds: (user + system) / 1e6, memory, growth: memory - before, course };
}
const first = await measured(() => upload('disk.raw'));
const { seconds, cpuSeconds } = await measured(() => upload('again.raw'));
console.log(JSON.stringify({ ...first, again: { seconds, cpuSeconds } }));
process.exit();
