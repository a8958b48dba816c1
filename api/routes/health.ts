/** healthz: the process is alive. readyz: all servers that an import requires can be reached. */
import { readFile } from 'node:fs/promises';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { MAIN_QUEUE } from '../../domain/process-names.js';
import { answers, json, other } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { noQuery, routes } from '../route.js';

const PROBE_MS = 2_000;
/** A worker polls at least once a minute. A worker that has not polled for longer has stopped. */
const POLLER_FRESH_MS = 90_000;

interface Check {
  readonly name: 'postgresql' | 'temporal' | 'worker';
  readonly ok: boolean;
  readonly message: string;
}

const healthz = createRoute({
  method: 'get',
  path: '/healthz',
  summary: 'Check that the process is alive',
  request: { query: noQuery },
  responses: answers({ 200: other('It is alive', 'application/json') }),
});

const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  summary: 'Check that PostgreSQL, Temporal and a worker can be reached; shows the parts of a local stack',
  request: { query: noQuery },
  responses: answers({
    200: json('All can be reached', 'Readiness'),
    503: json('Some cannot be reached', 'Readiness'),
  }),
});

export function healthRoutes(deps: Pick<ApiDependencies, 'store' | 'client' | 'stackFile'>): OpenAPIHono {
  const app = routes();
  app.openapi(healthz, (context) => context.json({ status: 'ok' }));
  app.openapi(readyz, async (context) => {
    const parts = await readParts(deps.stackFile);
    const checks = await Promise.all([
      check('postgresql', () => deps.store.ping()),
      check('temporal', async () => {
        await deps.client.connection.withDeadline(Date.now() + PROBE_MS, () =>
          deps.client.connection.workflowService.getSystemInfo({}),
        );
      }),
      check('worker', () => workerPolls(deps)),
    ]);
    // The supervisor detects a dead worker immediately, Temporal only after a delay.
    const down = parts.some((part) => part.state !== 'ready');
    const ready = checks.every((one) => one.ok) && !down;
    return context.json({ status: ready ? 'ready' : 'not ready', checks, parts }, ready ? 200 : 503);
  });
  return app;
}

async function check(name: Check['name'], probe: () => Promise<void>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_MS} ms`)), PROBE_MS);
    });
    await Promise.race([probe(), late]);
    return { name, ok: true, message: 'ok' };
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

async function workerPolls(deps: Pick<ApiDependencies, 'client'>): Promise<void> {
  const { connection, options } = deps.client;
  const queue = await connection.withDeadline(Date.now() + PROBE_MS, () =>
    connection.workflowService.describeTaskQueue({
      namespace: options.namespace,
      taskQueue: { name: MAIN_QUEUE },
      taskQueueType: 1,
    }),
  );
  const newest = Math.max(
    0,
    ...(queue.pollers ?? []).map((poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1_000),
  );
  if (Date.now() - newest > POLLER_FRESH_MS) throw new Error('no worker polls the task queue');
}

interface Part {
  readonly name: string;
  readonly pid: number | null;
  readonly state: string;
  readonly restarts: number;
  readonly address: string | null;
}

/** The parts as the local supervisor reports them; empty without a supervisor. */
async function readParts(stackFile: string | null): Promise<readonly Part[]> {
  if (stackFile === null) return [];
  const text = await readFile(stackFile, 'utf8').catch(() => null);
  if (text === null) return [];
  const stack: unknown = JSON.parse(text);
  if (typeof stack !== 'object' || stack === null || !('parts' in stack) || !Array.isArray(stack.parts)) return [];
  return stack.parts.filter(isPart);
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && 'name' in value && 'state' in value;
}
