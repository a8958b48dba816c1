/**
 * npm run bench:upload: compares this project's upload with the vendor's Go SDK, ali-oss and plain node:http against one
 * sink. Then measures the bytes sent again after kills, memory during a 20 GiB upload, and the savings of a conversion.
 * The last line is `N.NN x go-sdk, N.NN x ali-oss, N.NN x node:http at 8 MiB, N.NN at 64 MiB`: the relative speed of the first
 * upload of a process, with 8 MiB parts unless it says otherwise.
 */

import { randomFillSync } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kills } from './kills.js';
import { largeFile } from './large-file.js';
import { buildGo, type Client, type Figures, goClient, nodeClient } from './processes.js';
import { startSink } from './sink.js';
import { mebibytes, median, table } from './tables.js';

const MIB = 1024 * 1024;
const SIZE = Number(process.env.BENCH_MIB ?? 1024) * MIB;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9);
const OTHER_ROUNDS = Math.ceil(ROUNDS / 3);
const CONCURRENT_PARTS = 4;
const DEMO = fileURLToPath(new URL('../../assets/debian-demo.qcow2', import.meta.url));

async function randomFile(path: string): Promise<void> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(8 * MIB);
  for (let written = 0; written < SIZE; written += block.length) await file.write(randomFillSync(block));
  // Otherwise the system writes the file to disk while the first clients run.
  await file.sync();
  await file.close();
}

async function measure(clients: readonly Client[], file: string, partSize: number, rounds: number) {
  const results = new Map<string, Figures[]>(clients.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // The order rotates every round, so that other load on the machine affects all clients.
    const order = clients.map((_, index) => clients[(index + round) % clients.length]);
    if (round % 2 === 1) order.reverse();
    for (const client of order.filter((candidate) => candidate !== undefined)) {
      await sink.prepare({ partSize });
      results.get(client.name)?.push(await client.upload(sink.endpoint, file, partSize, CONCURRENT_PARTS));
    }
  }
  return results;
}

function print(title: string, results: Map<string, Figures[]>): void {
  const rows = [...results].map(([name, figures]) => {
    const of = (pick: (figure: Figures) => number | undefined) =>
      median(figures.map((figure) => pick(figure) ?? Number.NaN));
    const growth = of((figure) => figure.growth);
    return [
      name,
      of((figure) => SIZE / MIB / figure.seconds).toFixed(0),
      of((figure) => figure.cpuSeconds).toFixed(2),
      number(of((figure) => figure.again && SIZE / MIB / figure.again.seconds).toFixed(0)),
      number(of((figure) => figure.again?.cpuSeconds).toFixed(2)),
      mebibytes(of((figure) => figure.memory)),
      mebibytes(Number.isNaN(growth) ? undefined : growth),
    ];
  });
  const again = ['MiB/s again', 'CPU s again'];
  table(title, ['client', 'MiB/s', 'CPU s', ...again, 'highest RSS MiB', 'RSS growth MiB'], rows);
}

/** Empty for a client that does not report it. */
function number(text: string): string {
  return text === 'NaN' ? '' : text;
}

/** The median ratio of speeds in the same round, so that other load affects both. */
function ratio(results: Map<string, Figures[]>, other: string): string {
  const ours = results.get('ours') ?? [];
  const theirs = results.get(other) ?? [];
  if (theirs.length === 0) return '  - ';
  return median(ours.map((figure, round) => (theirs[round]?.seconds ?? Number.NaN) / figure.seconds)).toFixed(2);
}

const folder = await mkdtemp(join(tmpdir(), 'bench-upload-'));
const file = join(folder, 'random.raw');
const sink = await startSink(await buildGo('go-sink', folder));
try {
  await randomFile(file);
  await sink.prepare({ file, partSize: 8 * MIB });
  console.log(
    `${os.cpus().length} cores, ${(os.totalmem() / 1024 ** 3).toFixed(0)} GiB, Node ${process.version}, loopback`,
  );
  const go = await goClient(folder);
  const clients = [nodeClient('ours'), ...(go ? [go] : []), nodeClient('ali-oss'), nodeClient('node:http')];
  const main = await measure(clients, file, 8 * MIB, ROUNDS);
  print(
    `${SIZE / MIB} MiB random file, parts of 8 MiB, ${CONCURRENT_PARTS} concurrent parts, medians of ${ROUNDS} rounds`,
    main,
  );
  const small = await measure(clients, file, MIB, OTHER_ROUNDS);
  print(`Parts of 1 MiB, ${CONCURRENT_PARTS} concurrent parts, medians of ${OTHER_ROUNDS} rounds`, small);
  const large = await measure(clients, file, 64 * MIB, OTHER_ROUNDS);
  print(`Parts of 64 MiB, ${CONCURRENT_PARTS} concurrent parts, medians of ${OTHER_ROUNDS} rounds`, large);
  await kills(sink, file, SIZE);
  await largeFile(sink, folder, DEMO);
  const others = `${ratio(main, 'go-sdk')} x go-sdk, ${ratio(main, 'ali-oss')} x ali-oss`;
  const limits = `${ratio(main, 'node:http')} x node:http at 8 MiB, ${ratio(large, 'node:http')} at 64 MiB`;
  console.log(`\n${others}, ${limits}`);
} finally {
  sink.stop();
  await rm(folder, { recursive: true, force: true });
}
