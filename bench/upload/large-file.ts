/** Measures an upload of 20 GiB: memory during the upload, and a sparse image sent unconverted and converted. */
import { execFile } from 'node:child_process';
import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConverter } from '../../images/convert/converter.js';
import { findQemuImg } from '../../images/convert/qemu-img.js';
import { dataOf } from '../../images/convert/worth.js';
import { inspectImage } from '../../images/inspect.js';
import { sha256Of } from '../../sources/digest.js';
import { openFileSource } from '../../sources/file.js';
import { createCache } from '../../sources/scratch-cache.js';
import { type Extent, holeMap } from '../../sources/sparse-extents.js';
import { type Figures, nodeClient } from './processes.js';
import type { Sink } from './sink.js';
import { mebibytes, table } from './tables.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const SIZE = Number(process.env.BENCH_LARGE_GIB ?? 20) * GIB;
const PART = 8 * MIB;
const LANES = 4;
const run = promisify(execFile);
const never = new AbortController().signal;
const CANCELS = 5;

/** Real programs and documents, as a guest's disk holds them, from the start of a file that is a hole for the rest. */
async function sparseImage(file: string, demo: string): Promise<void> {
  await run('qemu-img', ['convert', '-O', 'raw', demo, file]);
  const filled = `tar -cf - /usr/lib /usr/share 2>/dev/null | head -c 2G | dd of='${file}' bs=1M seek=1024 conv=notrunc,fsync status=none`;
  await run('sh', ['-c', filled]);
  const handle = await open(file, 'r+');
  await handle.truncate(SIZE);
  await handle.close();
}

/** One way of sending the image, from the same file on. */
interface Way {
  readonly name: string;
  readonly size: number;
  /** Until there is a file to be sent. */
  readonly madeSeconds: number;
  readonly sent: Figures;
}

export async function largeFile(sink: Sink, folder: string, demo: string): Promise<void> {
  const qemuImg = await findQemuImg();
  if (qemuImg === null) {
    console.error('no figures for 20 GiB: they take qemu-img');
    return;
  }
  const file = `${folder}/large.raw`;
  const cacheFolder = `${folder}/cache`;
  try {
    await sparseImage(file, demo);
    const data = (await dataOf(file, qemuImg, never)) ?? [];
    const hashed = await timed(() => digest(file, data));
    const send = async (path: string): Promise<Figures> => {
      await sink.prepare({ file: path, partSize: PART });
      return nodeClient('ours').upload(sink.endpoint, path, PART, LANES);
    };
    const asItIs: Way = { name: 'raw, unconverted', size: SIZE, madeSeconds: 0, sent: await send(file) };
    const made = await timed(() => convert(file, cacheFolder, never));
    const { size } = await stat(made.result);
    const converted: Way = {
      ...{ name: 'compressed qcow2', size, madeSeconds: made.seconds },
      sent: await send(made.result),
    };
    printWays([asItIs, converted], data, hashed.seconds);
    printMemory(asItIs.sent);
    await printCancels(file, `${folder}/cancelled`);
  } finally {
    await rm(file, { force: true });
    await rm(cacheFolder, { recursive: true, force: true });
  }
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const begun = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - begun) / 1000 };
}

async function digest(file: string, data: readonly Extent[]): Promise<string> {
  const source = await openFileSource(file, holeMap(data));
  return sha256Of(source, never).finally(() => source.close());
}

/** As a worker does it, the looks at both images included. */
async function convert(file: string, cacheFolder: string, signal: AbortSignal): Promise<string> {
  const cache = createCache({ folder: cacheFolder, limitBytes: 2 * SIZE });
  const inspection = await inspectImage(file);
  const { file: converted } = await createConverter({ cache, inspect: inspectImage })({
    ...{ file, inspection, name: 'large', mode: 'qcow2', role: 'system', signal },
    onProgress: () => undefined,
  });
  return converted.path;
}

function printWays(ways: readonly Way[], data: readonly Extent[], hashSeconds: number): void {
  const dataBytes = data.reduce((sum, { length }) => sum + length, 0);
  const overLink = ({ size, sent }: Way, megabits: number) => Math.max(sent.seconds, (size * 8) / (megabits * 1e6));
  table(
    `${SIZE / GIB} GiB raw file, ${(dataBytes / GIB).toFixed(2)} GiB of it data; read before for its SHA-256 either way: ${hashSeconds.toFixed(1)} s`,
    ['sent as', 'bytes', 'conversion s', 'upload s', 'total s', 'at 1 Gbit/s, s', 'at 100 Mbit/s, s', 'RSS growth MiB'],
    ways.map((way) => [
      ...[way.name, String(way.size), way.madeSeconds.toFixed(1), way.sent.seconds.toFixed(1)],
      (way.madeSeconds + way.sent.seconds).toFixed(1),
      ...[1000, 100].map((megabits) => (way.madeSeconds + overLink(way, megabits)).toFixed(0)),
      mebibytes(way.sent.growth),
    ]),
  );
}

function printMemory({ course = [], cpuSeconds }: Figures): void {
  table(
    `Resident memory in MiB during the unconverted upload of ${SIZE / GIB} GiB (${cpuSeconds.toFixed(1)} s of CPU)`,
    course.map((_, tenth) => `${tenth * 10} %`),
    [course.map((bytes) => mebibytes(bytes))],
  );
}

/** From the word to cancel until every process and draft of the conversion is gone. */
async function printCancels(file: string, cacheFolder: string): Promise<void> {
  const seconds: number[] = [];
  for (let cancel = 0; cancel < CANCELS; cancel++) {
    const stop = new AbortController();
    const running = convert(file, cacheFolder, stop.signal);
    const ended = running.then(
      () => 'converted',
      () => 'cancelled',
    );
    await delay(1000 + Math.random() * 2000);
    const { result, seconds: took } = await timed(() => {
      stop.abort(new Error('cancelled'));
      return ended;
    });
    if (result === 'converted') throw new Error('the conversion was over before it was cancelled');
    seconds.push(took);
  }
  console.log(
    `\n${CANCELS} conversions of this file cancelled half-way: each stopped within ${Math.max(...seconds).toFixed(2)} s`,
  );
}
