/** Checks the external servers from the environment before anything starts. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectionSettings, passwordOf } from '../../config/database.js';
import { ConfigError } from '../../config/environment.js';
import type { TemporalSettings } from '../../config/temporal.js';
import { requireTemporal, TemporalNotServing } from '../../temporal/connect.js';
import { messageOf, ServerUnreachable, StackError } from './stack-error.js';

/** A server that is starting gets this long. */
const RETRY_FOR_MS = 10_000;

/**
 * Throws `ServerUnreachable` if the server does not answer, `StackError` if it does not have the namespace, `ConfigError` if it refuses the configured
 * certificates or keys.
 */
export async function checkTemporalServer(
  settings: TemporalSettings,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const { address, host, port } = settings;
  await retry({
    ...{ signal, say, forMs: RETRY_FOR_MS },
    async attempt() {
      await connects(host, port);
      await requireTemporal(settings);
    },
    message: (error) =>
      error instanceof TemporalNotServing
        ? error.message
        : `Temporal at ${address} can't be reached (${reasonOf(error)}): check TEMPORAL_ADDRESS, or unset it to use the embedded server`,
  });
}

/** Throws `ServerUnreachable` if the server does not answer, `StackError` if it refuses the connection. */
export async function checkDatabaseServer(
  url: string,
  signal: AbortSignal,
  { say = () => undefined, forMs = RETRY_FOR_MS }: { readonly say?: (line: string) => void; readonly forMs?: number },
): Promise<void> {
  await retry({
    ...{ signal, say, forMs },
    async attempt() {
      const client = new pg.Client({ ...connectionSettings(url), connectionTimeoutMillis: 3_000 });
      const password = passwordOf(url);
      if (password !== null) Object.assign(client, { password });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('select 1');
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    message: (error) =>
      `PostgreSQL at DATABASE_URL (${withoutPassword(url)}) can't be used (${reasonOf(error)}): check DATABASE_URL, or unset it to use the embedded server`,
  });
}

interface Check {
  readonly attempt: () => Promise<void>;
  readonly message: (error: unknown) => string;
  readonly signal: AbortSignal;
  /** Gets the reason of the first failure while the check is repeated. */
  readonly say: (line: string) => void;
  readonly forMs: number;
}

async function retry({ attempt, message, signal, say, forMs }: Check): Promise<void> {
  const deadline = Date.now() + forMs;
  for (let failures = 1; ; failures++) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      if (Date.now() >= deadline)
        throw new (hasAnswered(error) ? StackError : ServerUnreachable)(message(error), { cause: error });
      if (failures === 1) say(`${message(error)}. Trying again for ${Math.ceil((deadline - Date.now()) / 1_000)} s`);
      await sleep(500, undefined, { signal });
    }
  }
}

/** The server has refused the connection or the namespace: it can be reached. */
function hasAnswered(error: unknown): boolean {
  return error instanceof TemporalNotServing || error instanceof pg.DatabaseError;
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
