/** API keys: create, list, rotate and revoke. A key is shown once. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { KeyView } from '../../store/api-keys.js';
import { makeKey } from '../access/api-key.js';
import { identityOf } from '../access/authenticate.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { newKeySchema, revocationSchema, rotationSchema } from '../key-schemas.js';
import { type ProblemError, problem } from '../problems.js';
import { idPath, jsonBody, noQuery, parameter, readsJson, routes } from '../route.js';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 500;
/** Proxies and browsers must not keep a key. */
const NOT_KEPT = { 'cache-control': 'no-store' };

const tags = ['Access'];
const noSuchKey = refusal('The key does not exist');

const create = createRoute({
  method: 'post',
  path: '/v1/keys',
  operationId: 'createKey',
  tags,
  summary: 'Create an API key; it is shown once',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(newKeySchema) },
  responses: answers({
    201: json('The key', 'CreatedKey'),
    409: refusal('There are too many keys'),
  }),
});

const list = createRoute({
  method: 'get',
  path: '/v1/keys',
  operationId: 'listKeys',
  tags,
  summary: 'List the API keys by prefix, also those that have expired or were revoked',
  request: {
    query: z.strictObject({
      cursor: parameter.name('nextCursor of the previous page'),
      limit: parameter.limit(PAGE_MAX, PAGE_DEFAULT),
    }),
  },
  responses: answers({ 200: json('A page', 'KeyList') }),
});

const rotate = createRoute({
  method: 'post',
  path: '/v1/keys/{id}/rotate',
  operationId: 'rotateKey',
  tags,
  summary: 'Give a key a new secret, which is shown once; the earlier one stays valid for a while',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(rotationSchema) },
  responses: answers({
    200: json('The key with its new secret', 'CreatedKey'),
    404: noSuchKey,
    409: refusal('The key was revoked'),
  }),
});

const revoke = createRoute({
  method: 'post',
  path: '/v1/keys/{id}/revoke',
  operationId: 'revokeKey',
  tags,
  summary: 'Revoke a key: requests and event streams with it end within seconds',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(revocationSchema) },
  responses: answers({ 200: json('The key', 'Key'), 404: noSuchKey }),
});

export function keyRoutes({ keys, forgetKeys }: Pick<ApiDependencies, 'keys' | 'forgetKeys'>): OpenAPIHono {
  const app = routes();
  const find = async (prefix: string): Promise<KeyView> => {
    const view = await keys.get(prefix);
    if (view === null) throw unknownKey(prefix);
    return view;
  };

  app.openapi(create, async (context) => {
    const { name, role, scope, expiresInSeconds } = context.req.valid('json');
    const { prefix, key, digest } = makeKey();
    const createdBy = identityOf(context).id;
    const isMade = await keys.create({
      ...{ prefix, digest, role, scope, createdBy, expiresInSeconds },
      name: name ?? prefix,
    });
    if (!isMade) {
      throw problem(
        'keyConflict',
        'there are 5,000 valid keys',
        'Revoke keys that are not used any more, then try again.',
      );
    }
    context.set('auditTarget', prefix);
    return context.json({ ...(await find(prefix)), key }, 201, NOT_KEPT);
  });

  app.openapi(list, async (context) => {
    const { cursor = '', limit = PAGE_DEFAULT } = context.req.valid('query');
    const page = await keys.list(cursor, limit);
    return context.json({ keys: page, nextCursor: page.length === limit ? (page.at(-1)?.prefix ?? null) : null });
  });

  app.openapi(rotate, async (context) => {
    const { id } = context.req.valid('param');
    const { overlapSeconds, expiresInSeconds } = context.req.valid('json');
    const { key, digest } = makeKey(id);
    const outcome = await keys.rotate(id, { digest, overlapSeconds, expiresInSeconds });
    forgetKeys();
    if (outcome === 'unknown') throw unknownKey(id);
    if (outcome === 'revoked') {
      throw problem('keyConflict', `key ${id} was revoked; nothing was changed`, 'Create a new key.');
    }
    return context.json({ ...(await find(id)), key }, 200, NOT_KEPT);
  });

  app.openapi(revoke, async (context) => {
    const { id } = context.req.valid('param');
    const isKnown = await keys.revoke(id, identityOf(context).id);
    forgetKeys();
    if (!isKnown) throw unknownKey(id);
    return context.json(await find(id));
  });

  return app;
}

function unknownKey(prefix: string): ProblemError {
  return problem('unknownKey', `key ${prefix} does not exist`, 'List the keys with GET /v1/keys.');
}
