/** Servers that the environment names instead of the embedded ones: looked at before anything is started. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { TemporalSettings } from '../../config/temporal.js';
import { demandRightSettings } from '../../temporal/probe.js';
import { messageOf, StackError } from './stack-error.js';

const PATIENCE_MS = 10_000;

/** `StackError` when nothing listens at TEMPORAL_ADDRESS, `ConfigError` when our certificates or keys don't fit what does. */
export async function demandTemporal(settings: TemporalSettings, signal: AbortSignal): Promise<void> {
  const { address, host, port } = settings;
  await patiently(
    signal,
    () => connects(host, port),
    (reason) =>
      `Temporal at ${address} can't be reached (${reason}): check TEMPORAL_ADDRESS, or unset it to use the embedded server`,
  );
  await demandRightSettings(settings);
}

/** `StackError` when DATABASE_URL leads to no PostgreSQL that lets us in. */
export async function demandDatabase(url: string, signal: AbortSignal, patienceMs = PATIENCE_MS): Promise<void> {
  await patiently(
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
      `PostgreSQL at DATABASE_URL (${withoutPassword(url)}) can't be used (${reason}): check it, or unset it to use the embedded one`,
    patienceMs,
  );
}

/** A server that is only just starting gets a moment. */
async function patiently(
  signal: AbortSignal,
  attempt: () => Promise<void>,
  sentence: (reason: string) => string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() >= deadline) throw new StackError(sentence(reasonOf(error)), { cause: error });
      await sleep(500, undefined, { signal });
    }
  }
}

/** A name with several addresses fails with one error for each. */
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
