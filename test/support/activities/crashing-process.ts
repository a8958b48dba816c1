/**
 * One attempt of an activity as a simulated process with empty memory. It crashes after a number of calls to the database and
 * the cloud that change something. Calls to the cloud are counted at the socket. Reads do not count: a crash after a read
 * leaves the same state as a crash after the change before it.
 */

import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import type { ActivityDependencies } from '../../../activities/dependencies.js';
import { createActivities, type ImportActivities } from '../../../activities/index.js';
import { createSemaphore } from '../../../activities/upload/semaphore.js';
import { createSingleFlight } from '../../../activities/upload/single-flight.js';
import { SLOW_LIMITS } from '../../../activities/upload/slow-source.js';
import { createCloud } from '../../../alibaba/create-cloud.js';
import { staticCredentials } from '../../../alibaba/credentials.js';
import { createRegionWatchers } from '../../../alibaba/region-watcher.js';
import { createCredentials } from '../../../config/credentials.js';
import { inspectImage } from '../../../images/inspect.js';
import { createByteBudget } from '../../../images/stream/byte-budget.js';
import { createCompressionPool } from '../../../images/stream/compression-pool.js';
import { createHttpClient } from '../../../sources/http-request.js';
import { openLocalFile } from '../../../sources/local-file.js';
import { createImportFiles } from '../../../store/import-files.js';
import { createImportStore } from '../../../store/imports.js';
import { createUploadRanges } from '../../../store/upload-ranges.js';
import { createUploadStore } from '../../../store/uploads.js';
import { ownAccount } from '../alibaba/own-account.js';
import { ACCOUNT_KEYS } from '../emulator/local-cloud.js';
import { CrashPoint, countCalls } from './crash-point.js';
import { quietEnvironment } from './quiet-environment.js';

/** The environment that outlives every process. */
export interface Surroundings {
  readonly pool: pg.Pool;
  /** `127.0.0.1:PORT` of the emulator. */
  readonly address: string;
  /** The host of the worker: digests of files are stored per host. */
  readonly host: string;
}

/** Long enough that no lease is renewed or expires during a test: a renewal would count as a call. */
const LEASE_MS = 600_000;
/** Three parts of the image. */
const PART_BYTES = 100 * 1024;

/** Actions of the cloud that change nothing. */
const READING_ACTION = /^(Describe|Get|List|GET |HEAD )/;

interface Gate {
  readonly address: string;
  close(): void;
}

/** A proxy between a process and the emulator that counts calls. */
async function openGate(emulator: string, crashPoint: CrashPoint): Promise<Gate> {
  const server = http.createServer((request, response) => {
    const action = String(request.headers['x-acs-action'] ?? `${request.method} ${request.url}`);
    crashPoint
      .through(`cloud ${action}`, READING_ACTION.test(action), () => forward(emulator, request))
      .then(({ status, headers, body }) => {
        response.writeHead(status, headers);
        response.end(body);
      })
      .catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // The address of a listening TCP server is not a string.
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Forwarded {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

const agent = new http.Agent({ keepAlive: true });

async function forward(emulator: string, request: IncomingMessage): Promise<Forwarded> {
  const { method, url, headers } = request;
  const onward = http.request(`http://${emulator}${url}`, { method, headers, agent });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once('response', resolve);
    onward.once('error', reject);
  });
  const sent = pipeline(request, onward);
  sent.catch(() => onward.destroy());
  const answer = await answered;
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const { 'transfer-encoding': _, connection: __, ...kept } = answer.headers;
  return { status: answer.statusCode ?? 502, headers: kept, body: Buffer.concat(chunks) };
}

function dependencies({ pool, host }: Surroundings, address: string, crashPoint: CrashPoint): ActivityDependencies {
  const endpoint = `http://${address}`;
  const cloud = createCloud({
    endpoints: { ecs: endpoint, ram: endpoint, sts: endpoint, oss: endpoint },
    credentials: staticCredentials(ACCOUNT_KEYS),
    partSize: PART_BYTES,
  });
  const watchers = createRegionWatchers(cloud, { pollFirstMs: 2, pollMaxMs: 10, patienceMs: 60_000 });
  const unused = () => Promise.reject(new Error('not used by this test'));
  return {
    store: countCalls('imports', createImportStore(pool), crashPoint),
    files: createImportFiles(pool),
    ...{ cloud, watchers, accounts: ownAccount(cloud, watchers) },
    inspect: inspectImage,
    checkBoot: unused,
    settings: { patienceMs: 60_000, pollIntervalMs: 2, pollsForLostImage: 2 },
    openFile: openLocalFile,
    uploading: {
      uploads: countCalls('uploads', createUploadStore(pool), crashPoint),
      credential: createCredentials(null),
      http: createHttpClient({ hosts: [], addresses: [], stallMs: 1_000 }),
      inspectRemote: unused,
      cache: { obtain: unused },
      convert: unused,
      readFreeSpace: unused,
      programs: { qemuImg: async () => null, decompressor: async () => false },
      streaming: {
        pool: createCompressionPool(1),
        memory: createByteBudget(64 * 1024 ** 2),
        ranges: countCalls('ranges', createUploadRanges(pool), crashPoint),
      },
      sends: createSemaphore(4),
      slowSource: SLOW_LIMITS,
      digests: createSingleFlight<string>(),
      host,
      leaseMs: LEASE_MS,
    },
  };
}

export type Try<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  /** `last`: number and name of the call after which the process crashed. */
  | { readonly kind: 'crashed'; readonly last: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/** @param calls the process crashes after this many changes */
export async function tryIn<Result>(
  surroundings: Surroundings,
  { attempt, calls }: { readonly attempt: number; readonly calls: number },
  body: (activities: ImportActivities) => Promise<Result>,
): Promise<Try<Result>> {
  const crashPoint = new CrashPoint(calls);
  const gate = await openGate(surroundings.address, crashPoint);
  const deps = dependencies(surroundings, gate.address, crashPoint);
  const environment = quietEnvironment({ attempt, scheduledTimestampMs: Date.now() });
  const run: Promise<Try<Result>> = environment
    .run<[], Result, () => Promise<Result>>(() => body(createActivities(deps)))
    .then(
      (result) => ({ kind: 'done' as const, result }),
      (error: unknown) => ({ kind: 'failed' as const, error }),
    );
  const crashed = crashPoint.end.then((last) => ({ kind: 'crashed' as const, last }));
  // The crash may come with the last call of the activity.
  const first = await Promise.race([crashed, run.then(async (end) => (await Promise.race([crashed, soon()])) ?? end)]);
  // A crashed process can make no further calls: cancel its activity.
  if (first.kind === 'crashed') environment.cancel();
  gate.close();
  deps.uploading.http.close();
  return first;
}

function soon(): Promise<null> {
  return new Promise((resolve) => setImmediate(() => resolve(null)));
}
