/** Imports that wait for a person, by cause: one repair lets all of them go on. */

import { Hono } from 'hono';
import { importWorkflowId } from '../../domain/ids.js';
import { isRecord } from '../../domain/json-value.js';
import { RESUME_SIGNAL, type ResumeSignal } from '../../domain/process-names.js';
import type { WaitingImport } from '../../store/waiting.js';
import type { ApiDependencies } from '../dependencies.js';
import { readJson } from '../json-body.js';
import { problem } from '../problems.js';

/** Told at once; more than these wait for the next request. */
const MOST_AT_ONCE = 10_000;
const SIGNALS_AT_ONCE = 20;
const SIGNAL_MS = 60_000;

export function waitingRoutes(deps: Pick<ApiDependencies, 'store' | 'client'>): Hono {
  const app = new Hono();

  app.get('/v1/imports/waiting', async (context) => context.json({ causes: await deps.store.waitingCauses() }));

  app.post('/v1/imports/resume', async (context) => {
    const body = await readJson(context);
    const code = isRecord(body) ? body.code : undefined;
    if (typeof code !== 'string' || code === '') {
      throw problem(
        'invalidRequest',
        'code is missing',
        'Send {"code": "…"}; GET /v1/imports/waiting lists the codes.',
      );
    }
    const waiting = await deps.store.waitingFor(code, MOST_AT_ONCE);
    const left = [...waiting];
    const work = async () => {
      for (let one = left.pop(); one !== undefined; one = left.pop()) await resume(deps, one, code);
    };
    const all = () => Promise.all(Array.from({ length: SIGNALS_AT_ONCE }, work));
    await deps.client.connection.withDeadline(Date.now() + SIGNAL_MS, all);
    return context.json({ code, resumed: waiting.map(({ id }) => id) }, 202);
  });

  return app;
}

async function resume(
  { store, client }: Pick<ApiDependencies, 'store' | 'client'>,
  { id, attentionVersion }: WaitingImport,
  code: string,
): Promise<void> {
  const signal: ResumeSignal = { attentionVersion, request: null };
  await store.note(id, 'resume requested', { code, all: true });
  await client.workflow.getHandle(importWorkflowId(id)).signal(RESUME_SIGNAL, signal);
}
