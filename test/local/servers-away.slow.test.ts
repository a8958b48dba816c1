/** Worker and API without their servers: each says within seconds what is missing, on one JSON line with the remedy. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import http2 from 'node:http2';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { start } from '../support/cli/run-cli.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const AWAY = '127.0.0.1:9';
const NAMESPACE = 'imports-unknown';

let database: TestDatabase;
/** A frontend that has no namespace. */
const temporal = http2.createServer();
const sessions = new Set<http2.ServerHttp2Session>();
let temporalAddress: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await startTestDatabase();
  temporal.on('session', (session) => sessions.add(session));
  temporal.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
  });
  temporal.listen(0, '127.0.0.1');
  await once(temporal, 'listening');
  const address = temporal.address();
  temporalAddress = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  for (const session of sessions) session.destroy();
  temporal.close();
  await database?.close();
});

interface LogLine {
  readonly level: string;
  readonly msg: string;
}

function launch(command: 'worker' | 'api', env: Readonly<Record<string, string>>): ChildProcess {
  const child = start([command], { ECS_IMPORT_PORT: '0', TEMPORAL_NAMESPACE: NAMESPACE, ...env });
  children.push(child);
  return child;
}

/** Every line must be JSON. Ends with the process, or when `until` is found. */
async function linesOf(child: ChildProcess, until: RegExp): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  if (child.stderr === null) throw new Error('no output to read');
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(JSON.parse(line));
    if (until.test(line)) break;
  }
  return lines;
}

const wrongPassword = () => {
  const url = new URL(database.url);
  url.password = 'hunter2';
  return url.href;
};

test.each([
  [
    'worker',
    'PostgreSQL away',
    () => ({ DATABASE_URL: `postgres://u:hunter2@${AWAY}/x` }),
    /PostgreSQL at 127.0.0.1:9 cannot be reached \(connection refused\): check that it runs and that DATABASE_URL is correct/,
  ],
  [
    'api',
    'PostgreSQL away',
    () => ({ DATABASE_URL: `postgres://u:hunter2@${AWAY}/x` }),
    /PostgreSQL at 127.0.0.1:9 cannot be reached \(connection refused\): check that it runs and that DATABASE_URL is correct/,
  ],
  [
    'worker',
    'Temporal away',
    () => ({ DATABASE_URL: database.url, TEMPORAL_ADDRESS: AWAY }),
    /Temporal at 127.0.0.1:9 cannot be reached .*TEMPORAL_ADDRESS is correct/,
  ],
  [
    'api',
    'Temporal away',
    () => ({ DATABASE_URL: database.url, TEMPORAL_ADDRESS: AWAY }),
    /Temporal at 127.0.0.1:9 cannot be reached .*Imports are accepted and start when Temporal serves/,
  ],
  [
    'worker',
    'an unknown namespace',
    () => ({ DATABASE_URL: database.url, TEMPORAL_ADDRESS: temporalAddress }),
    /has no namespace imports-unknown: create it \(temporal operator namespace create imports-unknown\) or correct TEMPORAL_NAMESPACE/,
  ],
  [
    'api',
    'an unknown namespace',
    () => ({ DATABASE_URL: database.url, TEMPORAL_ADDRESS: temporalAddress }),
    /has no namespace imports-unknown: create it/,
  ],
] as const)(
  '%s with %s → one warning in JSON with the remedy, and the process keeps trying',
  async (command, _what, env, line) => {
    const child = launch(command, { TEMPORAL_ADDRESS: AWAY, ...env() });
    const lines = await linesOf(child, line);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'warn', msg: expect.stringMatching(line) });
    expect(lines[0]?.msg).not.toContain('hunter2');
    expect(child.exitCode).toBeNull();
  },
);

test.each(['worker', 'api'] as const)(
  '%s with a wrong password → reported, retries for a bounded time, and ends with exit code 2; every line is JSON',
  async (command) => {
    const child = launch(command, { DATABASE_URL: wrongPassword(), TEMPORAL_ADDRESS: AWAY });
    const ended = once(child, 'close');
    const lines = await linesOf(child, /never/);
    const [code] = await ended;
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'fatal']);
    for (const { msg } of lines)
      expect(msg).toMatch(/rejects the connection .*: correct the password of user ecs_image_import in DATABASE_URL/);
    expect(code).toBe(2);
  },
);

/** Runs in the process when it has its log: a warning of Node.js, and then a rejection that no code handles. */
const PROBLEMS = `const timer = setInterval(() => {
  if (process.listenerCount('uncaughtException') === 0) return;
  clearInterval(timer);
  process.emitWarning('a probe');
  setTimeout(() => Promise.reject(new Error('a lost rejection')), 100);
}, 20);`;

test.each(['worker', 'api'] as const)(
  '%s with a warning of Node.js and an unhandled rejection → JSON lines, and exit code 1',
  async (command) => {
    const child = launch(command, {
      ...{ DATABASE_URL: `postgres://u:p@${AWAY}/x`, TEMPORAL_ADDRESS: AWAY },
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(PROBLEMS)}`,
    });
    const ended = once(child, 'close');
    const messages = (await linesOf(child, /never/)).map(({ level, msg }) => `${level} ${msg}`);
    expect(messages).toEqual(
      expect.arrayContaining(['warn Warning: a probe', 'fatal the process ends: a lost rejection']),
    );
    expect(await ended).toEqual([1, null]);
  },
);
