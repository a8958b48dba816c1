/** healthz: the process is alive. readyz: all servers that an import requires can be reached. */
import { readFile } from 'node:fs/promises';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { WorkerLine } from '../../store/worker-liveness.js';
import { missingMessage } from '../../temporal/search-attributes.js';
import { answers, json } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { noQuery, routes } from '../route.js';
import { workerPresence } from '../worker-presence.js';

const PROBE_MS = 2_000;

interface Check {
  readonly name: 'postgresql' | 'temporal' | 'worker';
  readonly ok: boolean;
  readonly message: string;
}

const healthz = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'healthz',
  tags: ['Service'],
  summary: 'Check that the process is alive',
  request: { query: noQuery },
  responses: answers({ 200: json('It is alive', 'Health') }),
});

const livez = createRoute({
  method: 'get',
  path: '/livez',
  operationId: 'livez',
  tags: ['Service'],
  summary: 'Check that the process is alive, as /healthz',
  request: { query: noQuery },
  responses: answers({ 200: json('It is alive', 'Health') }),
});

const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'readyz',
  tags: ['Service'],
  summary: 'Check that PostgreSQL, Temporal and a worker can be reached; shows the parts of a local stack',
  request: { query: noQuery },
  responses: answers({
    200: json('All can be reached', 'Readiness'),
    503: json('Some cannot be reached', 'Readiness'),
  }),
});

export function healthRoutes(
  deps: Pick<ApiDependencies, 'store' | 'liveness' | 'client' | 'stackFile' | 'searchState'>,
): OpenAPIHono {
  const app = routes();
  app.openapi(healthz, (context) => context.json({ status: 'ok' }));
  app.openapi(livez, (context) => context.json({ status: 'ok' }));
  app.openapi(readyz, async (context) => {
    const parts = await readParts(deps.stackFile);
    let workers: readonly WorkerLine[] = [];
    const checks = await Promise.all([
      check('postgresql', async () => {
        await deps.store.ping();
        return 'ok';
      }),
      check('temporal', async () => {
        await deps.client.connection.withDeadline(Date.now() + PROBE_MS, () =>
          deps.client.connection.workflowService.getSystemInfo({}),
        );
        const search = deps.searchState?.();
        return search?.kind === 'missing' ? missingMessage(deps.client.options.namespace, search.reason) : 'ok';
      }),
      check('worker', async () => {
        const presence = await workerPresence(deps);
        ({ workers } = presence);
        if (!presence.present) throw new Error(presence.message);
        return presence.message;
      }),
    ]);
    // The supervisor detects a dead worker immediately.
    const down = parts.some((part) => part.state !== 'ready');
    const ready = checks.every((one) => one.ok) && !down;
    const status = ready ? 'ready' : 'not ready';
    const all = { status, checks, parts, workers };
    return context.json(context.get('identity') === undefined ? withoutDetails(all) : all, ready ? 200 : 503);
  });
  return app;
}

interface Readiness {
  readonly status: string;
  readonly checks: readonly Check[];
  readonly parts: readonly Part[];
  readonly workers: readonly WorkerLine[];
}

/** For senders without an identity: no process IDs, addresses, hosts, or messages that contain them. */
function withoutDetails({ status, checks, parts }: Readiness) {
  return {
    status,
    checks: checks.map(({ name, ok }) => ({
      name,
      ok,
      message: ok ? 'ok' : 'not ready; a request with a key shows why',
    })),
    parts: parts.map(({ name, state, restarts }) => ({ name, state, restarts })),
    workers: [],
  };
}

async function check(name: Check['name'], probe: () => Promise<string>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_MS} ms`)), PROBE_MS);
    });
    const message = await Promise.race([probe(), late]);
    return { name, ok: true, message };
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
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
