/** Measures an upload of 20 GiB: memory during the upload, and a sparse image sent unconverted and converted. */
import { execFile } from 'node:child_process';
import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConverter } from '../../images/convert/converter.js';
import { containerOf } from '../../images/convert/decision.js';
import { findQemuImg } from '../../images/convert/qemu-img.js';
import { inspectImage } from '../../images/inspect.js';
import { sha256Of } from '../../sources/digest.js';
import { openFileReader } from '../../sources/file.js';
import { openLocalFile } from '../../sources/local-file.js';
import { createCache } from '../../sources/scratch-cache.js';
import { type Extent, sparseMap } from '../../sources/sparse-extents.js';
import { extentsOf } from './extents.js';
import { type Figures, nodeClient } from './processes.js';
import type { Sink } from './sink.js';
import { mebibytes, table } from './tables.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const SIZE = Number(process.env.BENCH_LARGE_GIB ?? 20) * GIB;
const PART = 8 * MIB;
const CONCURRENT_PARTS = 4;
const run = promisify(execFile);
const never = new AbortController().signal;
const CANCELS = 5;

/** Creates a sparse file that starts with real programs and documents, as on the disk of a guest. */
async function sparseImage(file: string, demo: string): Promise<void> {
  await run('qemu-img', ['convert', '-O', 'raw', demo, file]);
  const fill = `tar -cf - /usr/lib /usr/share 2>/dev/null | head -c 2G | dd of='${file}' bs=1M seek=1024 conv=notrunc,fsync status=none`;
  await run('sh', ['-c', fill]);
  const handle = await open(file, 'r+');
  await handle.truncate(SIZE);
  await handle.close();
}

/** One variant of sending the image. */
interface Variant {
  readonly name: string;
  readonly size: number;
  /** The duration of the conversion. */
  readonly conversionSeconds: number;
  readonly upload: Figures;
}

export async function largeFile(sink: Sink, folder: string, demo: string): Promise<void> {
  const qemuImg = await findQemuImg();
  if (qemuImg === null) {
    console.error('skipped the large file: qemu-img is not installed');
    return;
  }
  const file = `${folder}/large.raw`;
  const cacheFolder = `${folder}/cache`;
  try {
    await sparseImage(file, demo);
    const data = (await extentsOf(file, qemuImg, never)) ?? [];
    const hashed = await timed(() => digest(file, data));
    const send = async (path: string): Promise<Figures> => {
      await sink.prepare({ file: path, partSize: PART });
      return nodeClient('ours').upload(sink.endpoint, path, PART, CONCURRENT_PARTS);
    };
    const unconverted: Variant = {
      name: 'raw, unconverted',
      size: SIZE,
      conversionSeconds: 0,
      upload: await send(file),
    };
    const conversion = await timed(() => convert(file, cacheFolder, never));
    const { size } = await stat(conversion.result);
    const converted: Variant = {
      ...{ name: 'compressed qcow2', size, conversionSeconds: conversion.seconds },
      upload: await send(conversion.result),
    };
    printVariants([unconverted, converted], data, hashed.seconds);
    printMemory(unconverted.upload);
    await printCancels(file, `${folder}/cancelled`);
  } finally {
    await rm(file, { force: true });
    await rm(cacheFolder, { recursive: true, force: true });
  }
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const startedAt = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - startedAt) / 1000 };
}

async function digest(file: string, data: readonly Extent[]): Promise<string> {
  const source = await openFileReader(file, sparseMap(data));
  return sha256Of(source, never).finally(() => source.close());
}

/** Converts as a worker does, including the inspection of both images. */
async function convert(file: string, cacheFolder: string, signal: AbortSignal): Promise<string> {
  const cache = createCache({ folder: cacheFolder, limitBytes: 2 * SIZE });
  const image = await openLocalFile(file);
  const inspection = await inspectImage(image);
  const { file: converted } = await createConverter({ cache, inspect: inspectImage })({
    ...{ file: image, container: containerOf(inspection), name: 'large', mode: 'qcow2', role: 'system', signal },
    onProgress: () => undefined,
  }).finally(() => image.close());
  return converted.path;
}

function printVariants(variants: readonly Variant[], data: readonly Extent[], hashSeconds: number): void {
  const dataBytes = data.reduce((sum, { length }) => sum + length, 0);
  const overLink = ({ size, upload }: Variant, megabits: number) =>
    Math.max(upload.seconds, (size * 8) / (megabits * 1e6));
  table(
    `${SIZE / GIB} GiB raw file, ${(dataBytes / GIB).toFixed(2)} GiB of data; the SHA-256 before each upload takes ${hashSeconds.toFixed(1)} s`,
    ['sent as', 'bytes', 'conversion s', 'upload s', 'total s', 'at 1 Gbit/s, s', 'at 100 Mbit/s, s', 'RSS growth MiB'],
    variants.map((variant) => {
      const { name, size, conversionSeconds, upload } = variant;
      return [
        ...[name, String(size), conversionSeconds.toFixed(1), upload.seconds.toFixed(1)],
        (conversionSeconds + upload.seconds).toFixed(1),
        ...[1000, 100].map((megabits) => (conversionSeconds + overLink(variant, megabits)).toFixed(0)),
        mebibytes(upload.growth),
      ];
    }),
  );
}

function printMemory({ course = [], cpuSeconds }: Figures): void {
  table(
    `Resident memory in MiB during the unconverted upload of ${SIZE / GIB} GiB (${cpuSeconds.toFixed(1)} s of CPU)`,
    course.map((_, tenth) => `${tenth * 10} %`),
    [course.map((bytes) => mebibytes(bytes))],
  );
}

/** Measures the time from a cancel until all processes and temporary files of the conversion are removed. */
async function printCancels(file: string, cacheFolder: string): Promise<void> {
  const seconds: number[] = [];
  for (let cancel = 0; cancel < CANCELS; cancel++) {
    const abort = new AbortController();
    const running = convert(file, cacheFolder, abort.signal);
    const ended = running.then(
      () => 'converted',
      () => 'cancelled',
    );
    await delay(1000 + Math.random() * 2000);
    const { result, seconds: took } = await timed(() => {
      abort.abort(new Error('cancelled'));
      return ended;
    });
    if (result === 'converted') throw new Error('the conversion ended before it was cancelled');
    seconds.push(took);
  }
  console.log(
    `\n${CANCELS} cancelled conversions of this file: each stopped within ${Math.max(...seconds).toFixed(2)} s`,
  );
}
