/** The batches: make one of a file, look at one or many, steer it, and report on it. */

import { randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import {
  BATCH_STATES,
  type BatchItemView,
  type BatchState,
  type BatchView,
  ITEM_STATES,
  type ItemState,
  isFinalBatch,
} from '../../domain/batch/batch.js';
import {
  BATCH_CANCEL_SIGNAL,
  BATCH_PAUSE_SIGNAL,
  BATCH_RESUME_IMPORTS_SIGNAL,
  BATCH_RESUME_SIGNAL,
  BATCH_RETRY_SIGNAL,
  newBatchId,
} from '../../domain/batch/names.js';
import { readPolicy } from '../../domain/batch/policy.js';
import { isRecord } from '../../domain/json-value.js';
import { csvReport, jsonReport, markdownReport } from '../batch-report.js';
import type { ApiDependencies } from '../dependencies.js';
import { readJson } from '../json-body.js';
import { type ProblemError, problem } from '../problems.js';
import { createBatch } from './create-batch.js';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;

export function batchRoutes(deps: ApiDependencies): Hono {
  const app = new Hono();

  app.post('/v1/batches', async (context) => {
    const { id, skipped, isNew } = await createBatch(deps, context, newBatchId(Date.now(), randomBytes(10)));
    const batch = await deps.batches.forStart(id);
    if (isNew && batch !== null) await deps.batchStarter.start(batch);
    return context.json({ ...(await find(deps, id)), ...skipped }, 202, { location: `/v1/batches/${id}` });
  });

  app.get('/v1/batches', async (context) => {
    const { state, cursor, limit } = context.req.query();
    const size = pageSize(limit);
    const batches = await deps.batchViews.list({
      ...(state === undefined ? {} : { state: oneOf<BatchState>(state, BATCH_STATES) }),
      ...(cursor === undefined ? {} : { cursor }),
      limit: size,
    });
    return context.json({ batches, nextCursor: batches.length === size ? (batches.at(-1)?.id ?? null) : null });
  });

  app.get('/v1/batches/:id', async (context) => context.json(await find(deps, context.req.param('id'))));

  app.get('/v1/batches/:id/items', async (context) => {
    const id = context.req.param('id');
    if ((await deps.batches.forStart(id)) === null) throw unknownBatch(id);
    const { state, cursor, limit } = context.req.query();
    const size = pageSize(limit);
    const items = await deps.batchViews.items(id, {
      ...(state === undefined ? {} : { state: oneOf<ItemState>(state, ITEM_STATES) }),
      after: Number(cursor ?? 0) || 0,
      limit: size,
    });
    return context.json({ items, nextCursor: items.length === size ? String(items.at(-1)?.item) : null });
  });

  app.get('/v1/batches/:id/report', async (context) => {
    const view = await find(deps, context.req.param('id'));
    const format = REPORTS[reportFormat(context)];
    context.header('content-type', format.type);
    return stream(context, async (out) => {
      for await (const text of format.write(view, itemPages(deps, view.id))) await out.write(text);
    });
  });

  app.post('/v1/batches/:id/pause', async (context) => {
    const { id } = await findRunning(deps, context);
    await deps.batchStarter.tell(id, BATCH_PAUSE_SIGNAL);
    return context.json(await find(deps, id), 202);
  });

  app.post('/v1/batches/:id/resume', async (context) => {
    const { id } = await findRunning(deps, context);
    const body = await readJson(context, {});
    const { cause, set } = isRecord(body) ? body : {};
    if (cause === undefined) await deps.batchStarter.tell(id, BATCH_RESUME_SIGNAL);
    else {
      if (typeof cause !== 'string') {
        throw problem('invalidRequest', 'cause is no text', 'Give the code of an attention, or "all".');
      }
      await deps.batchStarter.tell(id, BATCH_RESUME_IMPORTS_SIGNAL, {
        cause: cause === 'all' ? null : cause,
        set: isRecord(set) ? set : {},
      });
    }
    return context.json(await find(deps, id), 202);
  });

  app.post('/v1/batches/:id/cancel', async (context) => {
    const { id } = await findRunning(deps, context);
    const body = await readJson(context, {});
    const running = isRecord(body) ? (body.running ?? 'cancel') : 'cancel';
    if (running !== 'cancel' && running !== 'finish') {
      throw problem('invalidRequest', `running is ${String(running)}`, 'Give "cancel" or "finish".');
    }
    await deps.batchStarter.tell(id, BATCH_CANCEL_SIGNAL, { running });
    return context.json(await find(deps, id), 202);
  });

  app.post('/v1/batches/:id/retry', async (context) => {
    const { id } = await find(deps, context.req.param('id'));
    const body = await readJson(context, {});
    const states =
      isRecord(body) && body.cancelled === true ? (['failed', 'cancelled'] as const) : (['failed'] as const);
    const retried = await deps.batches.retry(id, states);
    if (retried > 0) await deps.batchStarter.tell(id, BATCH_RETRY_SIGNAL);
    return context.json({ ...(await find(deps, id)), retried }, 202);
  });

  app.post('/v1/batches/:id/policy', async (context) => {
    const { id, policy } = await findRunning(deps, context);
    const change = await readJson(context);
    const read = readPolicy(change, policy);
    if (!read.ok) {
      throw problem('invalidRequest', 'the policy is not valid', 'Mend what errors[] names; nothing was changed.', {
        errors: read.problems,
      });
    }
    await deps.batchStarter.setPolicy(id, change);
    return context.json(await find(deps, id));
  });

  return app;
}

const REPORTS = {
  markdown: { type: 'text/markdown; charset=utf-8', write: markdownReport },
  json: { type: 'application/json', write: jsonReport },
  csv: {
    type: 'text/csv; charset=utf-8',
    write: (_view: BatchView, pages: AsyncIterable<readonly BatchItemView[]>) => csvReport(pages),
  },
} as const;

/** `?format=` wins over Accept. */
function reportFormat(context: Context): keyof typeof REPORTS {
  const asked = context.req.query('format');
  if (asked !== undefined) return oneOf(asked, ['markdown', 'json', 'csv']);
  const accept = context.req.header('accept') ?? '';
  if (accept.includes('text/csv')) return 'csv';
  return accept.includes('application/json') ? 'json' : 'markdown';
}

async function* itemPages(deps: ApiDependencies, id: string): AsyncGenerator<readonly BatchItemView[]> {
  for (let after = 0; ; ) {
    const items = await deps.batchViews.items(id, { after, limit: PAGE_MAX });
    const last = items.at(-1);
    if (last === undefined) return;
    yield items;
    after = last.item;
  }
}

export async function find(deps: ApiDependencies, id: string): Promise<BatchView> {
  const view = await deps.batchViews.get(id);
  if (view === null) throw unknownBatch(id);
  return view;
}

function unknownBatch(id: string): ProblemError {
  return problem('unknownBatch', `there is no batch ${id}`, 'See GET /v1/batches for those that there are.');
}

async function findRunning(deps: ApiDependencies, context: Context): Promise<BatchView> {
  const view = await find(deps, context.req.param('id') ?? '');
  if (!isFinalBatch(view.state)) return view;
  throw problem(
    'batchConflict',
    `batch ${view.id} has ${view.state} already; nothing was changed`,
    'Retry its failed items, or make a new batch.',
    { state: view.state },
  );
}

function pageSize(limit: string | undefined): number {
  return Math.min(PAGE_MAX, Math.max(1, Number(limit ?? PAGE_DEFAULT) || PAGE_DEFAULT));
}

function oneOf<T extends string>(value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw problem('invalidRequest', `${value} is none of ${known.join(', ')}`, 'Give one of them, or leave it out.');
}
