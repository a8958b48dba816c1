/** Checks the external servers from the environment before anything starts. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { TemporalSettings } from '../../config/temporal.js';
import { rejectWrongSettings } from '../../temporal/probe.js';
import { messageOf, StackError } from './stack-error.js';

/** A server that is starting gets this long. */
const RETRY_FOR_MS = 10_000;

/** Throws `StackError` if the server is unreachable, `ConfigError` if it refuses the configured certificates or keys. */
export async function checkTemporalServer(settings: TemporalSettings, signal: AbortSignal): Promise<void> {
  const { address, host, port } = settings;
  await retry(
    signal,
    () => connects(host, port),
    (reason) =>
      `Temporal at ${address} can't be reached (${reason}): check TEMPORAL_ADDRESS, or unset it to use the embedded server`,
  );
  await rejectWrongSettings(settings);
}

/** Throws `StackError` if the connection fails. */
export async function checkDatabaseServer(url: string, signal: AbortSignal, retryForMs = RETRY_FOR_MS): Promise<void> {
  await retry(
    signal,
    async () => {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('select 1');
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    (reason) =>
      `PostgreSQL at DATABASE_URL (${withoutPassword(url)}) can't be used (${reason}): check DATABASE_URL, or unset it to use the embedded server`,
    retryForMs,
  );
}

async function retry(
  signal: AbortSignal,
  attempt: () => Promise<void>,
  message: (reason: string) => string,
  retryForMs = RETRY_FOR_MS,
): Promise<void> {
  const deadline = Date.now() + retryForMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() >= deadline) throw new StackError(message(reasonOf(error)), { cause: error });
      await sleep(500, undefined, { signal });
    }
  }
}

/** A host name with several addresses fails with one error for each. */
function reasonOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return messageOf(first).split('\n')[0] ?? '';
}

function connects(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, timeout: 3_000 });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => {
      socket.destroy();
      reject(new Error('no answer within 3 s'));
    });
    socket.once('error', reject);
  });
}

function withoutPassword(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return 'not a URL';
  }
}
