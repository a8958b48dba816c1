/** Orphans: looked for by a worker while the caller waits. */

import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { isRecord } from '../../domain/json-value.js';
import { MAIN_QUEUE, ORPHANS_WORKFLOW, type OrphanSweep, type OrphanSweepInput } from '../../domain/process-names.js';
import type { ApiDependencies } from '../dependencies.js';
import { readJson } from '../json-body.js';

const ANSWER_MS = 600_000;

export function orphanRoutes({ client }: Pick<ApiDependencies, 'client'>): Hono {
  const app = new Hono();
  app.post('/v1/orphans', async (context) => {
    const body = await readJson(context, {});
    const asked = (name: string) => isRecord(body) && body[name] === true;
    const input: OrphanSweepInput = { delete: asked('delete'), foreign: asked('foreign') };
    const run = () =>
      client.workflow.execute<(input: OrphanSweepInput) => Promise<OrphanSweep>>(ORPHANS_WORKFLOW, {
        workflowId: `orphans-${randomUUID()}`,
        taskQueue: MAIN_QUEUE,
        args: [input],
        workflowExecutionTimeout: ANSWER_MS,
      });
    return context.json(await client.connection.withDeadline(Date.now() + ANSWER_MS, run));
  });
  return app;
}
