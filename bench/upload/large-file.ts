/** What 20 GiB cost: memory over the time of the upload, and a sparse image sent as it is or as a converted one. */
import { execFile } from 'node:child_process';
import { open, rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createCache } from '../../images/convert/cache.js';
import { createConverter } from '../../images/convert/converter.js';
import { findQemuImg } from '../../images/convert/qemu-img.js';
import { dataOf } from '../../images/convert/worth.js';
import { inspectImage } from '../../images/inspect.js';
import { nodeClient, type Sink } from './processes.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const SIZE = Number(process.env.BENCH_LARGE_GIB ?? 20) * GIB;
const PART = 8 * MIB;
const LANES = 4;
const run = promisify(execFile);

/** Real programs and documents, as a guest's disk holds them, from the start of a file that is a hole for the rest. */
async function sparseImage(file: string, demo: string): Promise<void> {
  await run('qemu-img', ['convert', '-O', 'raw', demo, file]);
  const filled = `tar -cf - /usr/lib /usr/share 2>/dev/null | head -c 2G | dd of='${file}' bs=1M seek=1024 conv=notrunc,fsync status=none`;
  await run('sh', ['-c', filled]);
  const handle = await open(file, 'r+');
  await handle.truncate(SIZE);
  await handle.close();
}

export async function largeFile(sink: Sink, folder: string, demo: string): Promise<void> {
  if ((await findQemuImg()) === null) {
    console.error('no figures for 20 GiB: they take qemu-img');
    return;
  }
  const file = `${folder}/large.raw`;
  const cacheFolder = `${folder}/cache`;
  try {
    await sparseImage(file, demo);
    await sink.prepare({ file, partSize: PART });
    const asIs = await nodeClient('ours').upload(sink.endpoint, file, PART, LANES);
    const course = (asIs.course ?? []).map((bytes) => (bytes / MIB).toFixed(0)).join(', ');
    console.log(`\n${SIZE / GIB} GiB sparse raw file, sent as it is`);
    console.log(`resident MiB, each tenth of the upload: ${course}`);
    console.log(`growth ${((asIs.growth ?? Number.NaN) / MIB).toFixed(0)} MiB, ${asIs.cpuSeconds.toFixed(1)} s of CPU`);

    const cache = createCache({ folder: cacheFolder, limitBytes: 2 * SIZE });
    const begun = performance.now();
    const inspection = await inspectImage(file);
    const { file: converted } = await createConverter({ cache, inspect: inspectImage })({
      ...{ file, inspection, name: 'large', mode: 'qcow2', role: 'system' },
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const seconds = (performance.now() - begun) / 1000;
    const { size } = await stat(converted.path);
    await sink.prepare({ file: converted.path, partSize: PART });
    const sent = await nodeClient('ours').upload(sink.endpoint, converted.path, PART, LANES);
    await printChoice(file, { asIsSeconds: asIs.seconds, convertSeconds: seconds, sentSeconds: sent.seconds, size });
  } finally {
    await rm(file, { force: true });
    await rm(cacheFolder, { recursive: true, force: true });
  }
}

interface Measured {
  readonly asIsSeconds: number;
  readonly convertSeconds: number;
  readonly sentSeconds: number;
  /** Of the converted image. */
  readonly size: number;
}

async function printChoice(file: string, measured: Measured): Promise<void> {
  const qemuImg = await findQemuImg();
  const data = qemuImg === null ? null : await dataOf(file, qemuImg, new AbortController().signal);
  const dataBytes = (data ?? []).reduce((sum, { length }) => sum + length, 0);
  const overLink = (bytes: number, megabits: number) => (bytes * 8) / (megabits * 1e6);
  console.log(`\n${SIZE / GIB} GiB raw, ${(dataBytes / GIB).toFixed(2)} GiB of it data`);
  console.log('| | bytes sent | made in s | loopback s | all at 1 Gbit/s, s | all at 100 Mbit/s, s |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  const row = (name: string, bytes: number, made: number, loopback: number) => {
    const at = (megabits: number) => (made + Math.max(loopback, overLink(bytes, megabits))).toFixed(0);
    const cells = [name, bytes, made === 0 ? '' : made.toFixed(1), loopback.toFixed(1), at(1000), at(100)];
    console.log(`| ${cells.join(' | ')} |`);
  };
  row('raw as it is', SIZE, 0, measured.asIsSeconds);
  row('compressed qcow2', measured.size, measured.convertSeconds, measured.sentSeconds);
}
