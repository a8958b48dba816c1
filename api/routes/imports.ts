/** The imports: make one, look at one or many, cancel, resume, report. */

import { createHash, randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { type ComparedItem, compareFindings } from '../../domain/finding-comparison.js';
import { importWorkflowId, newImportId } from '../../domain/ids.js';
import { type ImportView, isFinal, STATES, type State } from '../../domain/import.js';
import { isRecord } from '../../domain/json-value.js';
import { CANCEL_SIGNAL, type CancelSignal, RESUME_SIGNAL, type ResumeSignal } from '../../domain/process-names.js';
import { amendedRequest } from '../../domain/request/amend.js';
import type { ImportRequest } from '../../domain/request/request.js';
import { validateRequest } from '../../domain/request/schema.js';
import type { ApiDependencies } from '../dependencies.js';
import { queueOf } from '../file-queue.js';
import { readJson } from '../json-body.js';
import { problem } from '../problems.js';
import { reportOf } from '../report.js';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 500;
const SIGNAL_MS = 5_000;

export function importRoutes(deps: ApiDependencies): Hono {
  const app = new Hono();

  app.post('/v1/imports', async (context) => {
    const body = await readJson(context);
    const checked = validateRequest(body);
    if (!checked.ok) {
      throw problem(
        'invalidRequest',
        `the request has ${checked.problems.length} problem(s)`,
        'Mend what errors[] names; nothing was started.',
        {
          errors: checked.problems,
        },
      );
    }
    const { request } = checked;
    const key = context.req.header('idempotency-key') ?? null;
    const id = newImportId(Date.now(), randomBytes(10));
    const accepted = { id, request, fileQueue: fileQueueOf(request, deps.workerHost) };
    const inserted = await deps.store.insert({ ...accepted, idempotencyKey: key, requestDigest: digestOf(body) });
    if (inserted.kind === 'conflict') {
      throw problem(
        'keyReused',
        `the idempotency key ${key} made import ${inserted.importId} from another request`,
        'Use a new key for a new request.',
        {
          importId: inserted.importId,
        },
      );
    }
    if (inserted.kind === 'created') await deps.starter.start(accepted);
    const view = await find(deps, inserted.importId);
    return context.json({ ...view, warnings: checked.warnings }, 202, { location: `/v1/imports/${view.id}` });
  });

  app.get('/v1/imports', async (context) => {
    const { state, batch, cursor, limit } = context.req.query();
    if (state !== undefined && !isState(state)) {
      throw problem('invalidRequest', `state ${state} is none of ${STATES.join(', ')}`, 'Leave it out to see all.');
    }
    const size = Math.min(PAGE_MAX, Math.max(1, Number(limit ?? PAGE_DEFAULT) || PAGE_DEFAULT));
    const imports = await deps.store.list({
      ...(state === undefined ? {} : { state }),
      ...(batch === undefined ? {} : { batch }),
      ...(cursor === undefined ? {} : { cursor }),
      limit: size,
    });
    const last = imports.at(-1);
    return context.json({ imports, nextCursor: imports.length === size && last !== undefined ? last.id : null });
  });

  app.get('/v1/imports/:id', async (context) => context.json(await find(deps, context.req.param('id'))));

  app.get('/v1/imports/:id/report', async (context) => {
    const view = await find(deps, context.req.param('id'));
    const events = await deps.store.events(view.id, 0);
    if (context.req.header('accept')?.includes('application/json')) return context.json({ ...view, events });
    return context.body(reportOf(view, events), 200, { 'content-type': 'text/markdown; charset=utf-8' });
  });

  app.post('/v1/imports/:id/cancel', async (context) => {
    const view = await find(deps, context.req.param('id'));
    if (isFinal(view.state)) throw hasEnded(view);
    const body = await readJson(context, {});
    const signal: CancelSignal = { keepImage: isRecord(body) && body.keepImage === true };
    await deps.store.note(view.id, 'cancel requested', { keepImage: signal.keepImage });
    await signalImport(deps, view.id, CANCEL_SIGNAL, signal);
    if (!(await deps.store.askToCancel(view.id))) throw hasEnded(await find(deps, view.id));
    return context.json(await find(deps, view.id), 202);
  });

  app.post('/v1/imports/:id/resume', async (context) => {
    const found = await deps.store.get(context.req.param('id'));
    const view = found ?? (await find(deps, context.req.param('id')));
    if (found === null || found.state !== 'attention' || found.attentionVersion === null) {
      throw problem(
        'conflict',
        `import ${view.id} is ${view.state}: there is nothing to resume`,
        'Only imports in state attention wait for resume.',
        {
          state: view.state,
        },
      );
    }
    const body = await readJson(context, {});
    const request = amended(found, isRecord(body) && isRecord(body.set) ? body.set : {});
    if (request !== null) await deps.store.setRequest(found.id, request);
    await deps.store.note(found.id, 'resume requested', { code: found.attention?.code ?? null });
    const signal: ResumeSignal = { attentionVersion: found.attentionVersion, request };
    await signalImport(deps, found.id, RESUME_SIGNAL, signal);
    return context.json(await find(deps, found.id), 202);
  });

  return app;
}

function hasEnded({ id, state }: ImportView): Error {
  return problem(
    'conflict',
    `import ${id} has ${state} already; nothing was changed`,
    'Delete its image yourself if it is not wanted.',
    { state },
  );
}

/** With the cloud's detection held beside our inspection. */
type ComparedView = ImportView & { readonly comparison: readonly ComparedItem[] };

async function find(deps: ApiDependencies, id: string): Promise<ComparedView> {
  const found = await deps.store.get(id);
  if (found === null)
    throw problem('unknownImport', `there is no import ${id}`, 'See GET /v1/imports for those that there are.');
  const { attentionVersion: _internal, ...view } = found;
  return { ...view, comparison: compareFindings(view.findings) };
}

async function signalImport(
  deps: ApiDependencies,
  id: string,
  name: string,
  payload: CancelSignal | ResumeSignal,
): Promise<void> {
  const signal = () => deps.client.workflow.getHandle(importWorkflowId(id)).signal(name, payload);
  await deps.client.connection.withDeadline(Date.now() + SIGNAL_MS, signal);
}

/** The whole request after `set`, or null where nothing was set. */
function amended(view: ImportView, set: Readonly<Record<string, unknown>>): ImportRequest | null {
  const result = amendedRequest(view, set);
  if (result.ok) return result.request;
  const { refused, problems: errors } = result;
  if (refused !== null)
    throw problem('invalidRequest', refused, 'Amend something else, or cancel and start anew.', { errors });
  throw problem(
    'invalidRequest',
    'the request as amended is not valid',
    'Mend what errors[] names; nothing was changed.',
    { errors },
  );
}

function fileQueueOf(request: ImportRequest, defaultHost: string): string {
  const choice = queueOf(request, defaultHost);
  if (choice.ok) return choice.fileQueue;
  throw problem('invalidRequest', choice.reason, 'Bring all disks of one import to one host.');
}

function isState(value: string): value is State {
  return (STATES as readonly string[]).includes(value);
}

/** The same request gives the same digest, however its fields are ordered. */
function digestOf(body: unknown): string {
  return createHash('sha256').update(canonical(body)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (isRecord(value)) {
    const fields = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
