/**
 * One attempt of an activity as a simulated process with empty memory. It crashes after a number of calls to the database and
 * the cloud that change something. Calls to the cloud are counted at the socket. Reads do not count: a crash after a read
 * leaves the same state as a crash after the change before it.
 */

import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { createActivities, type ImportActivities } from '../../../activities/index.js';
import { CrashPoint, countCalls } from './crash-point.js';
import { quietEnvironment } from './quiet-environment.js';
import { realDependencies, type Surroundings } from './real-dependencies.js';

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
  const deps = realDependencies(surroundings, gate.address, (name, store) => countCalls(name, store, crashPoint));
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
