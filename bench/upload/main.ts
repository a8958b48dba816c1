/**
 * npm run bench:upload: our upload beside the vendor's Go SDK, ali-oss and plain node:http, in turns against one sink.
 * Then bytes sent again after kills, memory over a 20 GiB file, and what a conversion saves.
 * The last line is `N.NN x go-sdk, N.NN x ali-oss`, by speed at 8 MiB parts.
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
import { mebibytes, middle, table } from './tables.js';

const MIB = 1024 * 1024;
const SIZE = Number(process.env.BENCH_MIB ?? 1024) * MIB;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9);
const OTHER_ROUNDS = Math.ceil(ROUNDS / 3);
const LANES = 4;
const DEMO = fileURLToPath(new URL('../../assets/debian-demo.qcow2', import.meta.url));

async function randomFile(path: string): Promise<void> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(8 * MIB);
  for (let written = 0; written < SIZE; written += block.length) await file.write(randomFillSync(block));
  // Else the system writes it out while the first clients run.
  await file.sync();
  await file.close();
}

async function measure(clients: readonly Client[], file: string, partSize: number, rounds: number) {
  const results = new Map<string, Figures[]>(clients.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // Another one is first each time, and follows another one: what the machine does beside falls on all of them.
    const turn = clients.map((_, index) => clients[(index + round) % clients.length]);
    if (round % 2 === 1) turn.reverse();
    for (const client of turn.filter((one) => one !== undefined)) {
      await sink.prepare({ partSize });
      results.get(client.name)?.push(await client.upload(sink.endpoint, file, partSize, LANES));
    }
  }
  return results;
}

function print(title: string, results: Map<string, Figures[]>): void {
  const rows = [...results].map(([name, figures]) => {
    const of = (pick: (figure: Figures) => number | undefined) =>
      middle(figures.map((figure) => pick(figure) ?? Number.NaN));
    const growth = of((figure) => figure.growth);
    return [
      name,
      of((figure) => SIZE / MIB / figure.seconds).toFixed(0),
      of((figure) => figure.cpuSeconds).toFixed(2),
      mebibytes(of((figure) => figure.memory)),
      mebibytes(Number.isNaN(growth) ? undefined : growth),
    ];
  });
  table(title, ['client', 'MiB/s', 'CPU s', 'highest RSS MiB', 'RSS growth MiB'], rows);
}

/** Of speeds in the same round, so that a busy machine slows both. */
function ratio(results: Map<string, Figures[]>, other: string): string {
  const ours = results.get('ours') ?? [];
  const theirs = results.get(other) ?? [];
  if (theirs.length === 0) return '  - ';
  return middle(ours.map((figure, round) => (theirs[round]?.seconds ?? Number.NaN) / figure.seconds)).toFixed(2);
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
  print(`${SIZE / MIB} MiB random file, parts of 8 MiB, ${LANES} concurrent parts, medians of ${ROUNDS} rounds`, main);
  for (const partSize of [1, 64]) {
    const others = await measure(clients, file, partSize * MIB, OTHER_ROUNDS);
    print(`Parts of ${partSize} MiB, ${LANES} concurrent parts, medians of ${OTHER_ROUNDS} rounds`, others);
  }
  await kills(sink, file, SIZE);
  await largeFile(sink, folder, DEMO);
  console.log(`\n${ratio(main, 'go-sdk')} x go-sdk, ${ratio(main, 'ali-oss')} x ali-oss`);
} finally {
  sink.stop();
  await rm(folder, { recursive: true, force: true });
}
