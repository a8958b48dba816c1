/** What a request did is recorded with its outcome, and a long action before it begins. */
import { Hono } from 'hono';
import { beforeEach, expect, test } from 'vitest';
import { createAuditTrail } from '../../../api/access/audit.js';
import { answerProblem, ProblemError, problem } from '../../../api/problems.js';
import { UNLIMITED } from '../../../domain/access/identity.js';
import type { AuditedRequest, AuditResult } from '../../../store/audit.js';

const written: unknown[] = [];
const errors: object[] = [];
let isAway = false;
const store = {
  add: async (request: AuditedRequest, result: AuditResult, count = 1) => {
    if (isAway) throw new Error('away');
    written.push({ ...request, ...result, count });
  },
  begin: async (request: AuditedRequest) => written.push({ ...request, outcome: null }),
  end: async (id: number, result: AuditResult) => {
    written.push({ id, ...result });
  },
};

beforeEach(() => {
  written.length = 0;
  errors.length = 0;
  isAway = false;
});

async function send(handle: () => Response | Promise<Response>, changes = true, refusal?: string) {
  const app = new Hono();
  const trail = createAuditTrail(store, { error: (attributes) => errors.push(attributes) });
  app.use(trail.middleware);
  app.use(async (context, next) => {
    context.set('identity', { id: 'key:1', name: 'web', role: 'operator', scope: UNLIMITED });
    context.set('rule', { action: 'imports.cancel', on: 'import', changes });
    context.set('action', 'imports.cancel');
    context.set('auditTarget', 'imp-1');
    if (refusal !== undefined) context.set('refusal', refusal);
    await next();
  });
  app.post('/long', async (context) => {
    await context.get('beginAudit')?.();
    return handle();
  });
  app.post('/', handle);
  app.onError((error, context) => {
    if (error instanceof ProblemError) return answerProblem(context, error);
    return context.text('failed', 500);
  });
  return (path: string) =>
    app.request(path, { method: 'POST', headers: { 'user-agent': 'a/1', 'x-ecs-import-user': 'ada%40host\x7f' } });
}

const who = { identity: 'key:1', role: 'operator', address: null, client: 'a/1', user: 'ada@host\\u007f' };
const what = { ...who, action: 'imports.cancel', target: 'imp-1' };

test.each<[string, () => Response, boolean, string | undefined, readonly object[]]>([
  [
    'a change',
    () => new Response('', { status: 202 }),
    true,
    undefined,
    [{ ...what, outcome: 'done', status: 202, code: null, count: 1 }],
  ],
  ['a read', () => new Response('', { status: 200 }), false, undefined, []],
  ['a read that fails', () => new Response('', { status: 404 }), false, undefined, []],
  [
    'a change that fails',
    () => {
      throw problem('conflict', 'it has ended', '');
    },
    true,
    undefined,
    [{ ...what, outcome: 'failed', status: 409, code: 'Import.Conflict', count: 1 }],
  ],
  [
    'a refused read',
    () => {
      throw problem('forbidden', 'no', '');
    },
    false,
    undefined,
    [{ ...what, outcome: 'refused', status: 403, code: 'Api.Forbidden', count: 1 }],
  ],
  [
    'a read outside the scope, answered like an unknown ID',
    () => {
      throw problem('unknownImport', 'import imp-1 does not exist', '');
    },
    false,
    'outside the scope',
    [{ ...what, outcome: 'refused', status: 404, code: 'Api.Forbidden', count: 1 }],
  ],
  [
    'an unexpected error',
    () => {
      throw new Error('bug');
    },
    true,
    undefined,
    [{ ...what, outcome: 'failed', status: 500, code: null, count: 1 }],
  ],
])('%s → recorded as expected', async (_what, handle, changes, refusal, expected) => {
  await (await send(handle, changes, refusal))('/');
  expect(written).toEqual(expected);
});

test('an action that takes long → recorded before it begins, and its outcome after it', async () => {
  const at: number[] = [];
  const post = await send(() => {
    at.push(written.length);
    return new Response('', { status: 200 });
  });
  await post('/long');
  expect(at).toEqual([1]);
  expect(written).toEqual([
    { ...what, outcome: null },
    { id: 1, outcome: 'done', status: 200, code: null },
  ]);
});

test('the entry cannot be written → the response arrives, and the log of the process has the entry', async () => {
  isAway = true;
  const response = await (await send(() => new Response('yes', { status: 202 })))('/');
  expect(await response.text()).toBe('yes');
  expect(errors).toEqual([expect.objectContaining({ entry: expect.objectContaining(what) })]);
});
