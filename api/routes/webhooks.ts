/** Webhooks: create, list, delete, test, their secrets and their deliveries. */
import { randomBytes } from 'node:crypto';
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import { may } from '../../domain/access/may.js';
import { newId } from '../../domain/ids.js';
import { DELIVERY_STATES, TEST_EVENT, type WebhookPayload } from '../../domain/webhooks.js';
import { MAX_WEBHOOKS, MAX_WEBHOOKS_OF_ONE, type OwnedWebhook } from '../../store/webhooks.js';
import { newSecret } from '../../webhooks/sign.js';
import { identityOf } from '../access/authenticate.js';
import { answers, json, problem as refusal } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { problem } from '../problems.js';
import { filePath, idPath, jsonBody, noQuery, parameter, readsJson, routes } from '../route.js';
import { WEBHOOK_SCHEMAS } from '../webhook-schemas.js';

const PAGE_DEFAULT = 50;
const PAGE_MAX = 200;

const unknown = refusal('The webhook does not exist, or belongs to another user');

const create = createRoute({
  method: 'post',
  path: '/v1/webhooks',
  operationId: 'createWebhook',
  tags: ['Webhooks'],
  summary: 'Create a webhook: it gets the events of imports and batches that its creator may see',
  middleware: readsJson,
  request: { query: noQuery, body: jsonBody(WEBHOOK_SCHEMAS.WebhookCreate) },
  responses: answers({
    201: json('The webhook with its secret', 'WebhookWithSecret'),
    409: refusal('There are too many'),
  }),
});

const list = createRoute({
  method: 'get',
  path: '/v1/webhooks',
  operationId: 'listWebhooks',
  tags: ['Webhooks'],
  summary: 'List the webhooks; an admin sees those of all users',
  request: { query: noQuery },
  responses: answers({ 200: json('The webhooks', 'WebhookList') }),
});

const show = createRoute({
  method: 'get',
  path: '/v1/webhooks/{id}',
  operationId: 'showWebhook',
  tags: ['Webhooks'],
  summary: 'Show a webhook',
  request: { params: idPath, query: noQuery },
  responses: answers({ 200: json('The webhook', 'Webhook'), 404: unknown }),
});

const remove = createRoute({
  method: 'delete',
  path: '/v1/webhooks/{id}',
  operationId: 'deleteWebhook',
  tags: ['Webhooks'],
  summary: 'Delete a webhook with its deliveries',
  request: { params: idPath, query: noQuery },
  responses: { ...answers({ 404: unknown }), 204: { description: 'It is deleted' } },
});

const test = createRoute({
  method: 'post',
  path: '/v1/webhooks/{id}/test',
  operationId: 'testWebhook',
  tags: ['Webhooks'],
  summary: `Send a delivery of type ${TEST_EVENT}`,
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(WEBHOOK_SCHEMAS.WebhookAction) },
  responses: answers({
    202: json('The delivery; its log shows the result', 'WebhookDelivery'),
    404: unknown,
    409: refusal('The webhook is disabled'),
  }),
});

const rotate = createRoute({
  method: 'post',
  path: '/v1/webhooks/{id}/rotate',
  operationId: 'rotateWebhookSecret',
  tags: ['Webhooks'],
  summary: 'Create a new secret; the previous one also signs for some time',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(WEBHOOK_SCHEMAS.WebhookRotate) },
  responses: answers({ 200: json('The webhook with its new secret', 'WebhookWithSecret'), 404: unknown }),
});

const enable = createRoute({
  method: 'post',
  path: '/v1/webhooks/{id}/enable',
  operationId: 'enableWebhook',
  tags: ['Webhooks'],
  summary: 'Enable a webhook that was disabled',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(WEBHOOK_SCHEMAS.WebhookAction) },
  responses: answers({ 200: json('The webhook', 'Webhook'), 404: unknown }),
});

const deliveries = createRoute({
  method: 'get',
  path: '/v1/webhooks/{id}/deliveries',
  operationId: 'listWebhookDeliveries',
  tags: ['Webhooks'],
  summary: 'List the deliveries of a webhook, the newest first',
  request: {
    params: idPath,
    query: z.strictObject({
      state: parameter.oneOf(DELIVERY_STATES, 'Only deliveries in this state'),
      cursor: parameter.whole('nextCursor of the previous page'),
      limit: parameter.limit(PAGE_MAX, PAGE_DEFAULT),
    }),
  },
  responses: answers({ 200: json('A page', 'WebhookDeliveryList'), 404: unknown }),
});

const delivery = createRoute({
  method: 'get',
  path: '/v1/webhooks/{id}/deliveries/{name}',
  operationId: 'showWebhookDelivery',
  tags: ['Webhooks'],
  summary: 'Show a delivery',
  request: { params: filePath, query: noQuery },
  responses: answers({ 200: json('The delivery', 'WebhookDelivery'), 404: refusal('The delivery does not exist') }),
});

const redeliver = createRoute({
  method: 'post',
  path: '/v1/webhooks/{id}/redeliver',
  operationId: 'redeliverWebhook',
  tags: ['Webhooks'],
  summary: 'Attempt a delivery again, or all dead deliveries',
  middleware: readsJson,
  request: { params: idPath, query: noQuery, body: jsonBody(WEBHOOK_SCHEMAS.WebhookRedeliver) },
  responses: answers({
    202: json('Accepted', 'WebhookRedelivered'),
    404: unknown,
    409: refusal('The webhook is disabled'),
  }),
});

export function webhookRoutes(deps: Pick<ApiDependencies, 'webhooks'>): OpenAPIHono {
  const app = routes();

  /** Throws 404 also for a webhook of another user. */
  async function find(context: Context, id: string): Promise<OwnedWebhook> {
    const found = await deps.webhooks.store.get(id);
    if (found !== null && (ownerFilter(context) ?? found.creator.id) === found.creator.id) return found;
    throw unknownWebhook(id);
  }

  app.openapi(create, async (context) => {
    const { url, events, description } = context.req.valid('json');
    const refused = deps.webhooks.refusal(url);
    if (refused !== null) {
      throw problem('invalidRequest', refused, 'Set a URL that webhooks may be sent to (docs/webhooks.md).', {
        errors: [{ path: 'url', rule: 'webhook.url', given: originOf(url), message: refused, vendorCode: null }],
      });
    }
    const secret = newSecret();
    const id = newId('whk', Date.now(), randomBytes(10));
    const made = await deps.webhooks.store.create({
      id,
      url,
      events,
      description,
      creator: identityOf(context),
      secret,
    });
    if (made === null) {
      throw problem(
        'tooManyWebhooks',
        `the service has ${MAX_WEBHOOKS} webhooks, or you have ${MAX_WEBHOOKS_OF_ONE}`,
        'Delete one of them with DELETE /v1/webhooks/{id}.',
      );
    }
    context.header('location', `/v1/webhooks/${id}`);
    return context.json({ ...made.view, secret }, 201);
  });

  app.openapi(list, async (context) => {
    const found = await deps.webhooks.store.list(ownerFilter(context));
    return context.json({ webhooks: found.map(({ view }) => view) });
  });

  app.openapi(show, async (context) => context.json((await find(context, context.req.valid('param').id)).view));

  app.openapi(remove, async (context) => {
    const { id } = context.req.valid('param');
    await find(context, id);
    await deps.webhooks.store.remove(id);
    return context.body(null, 204);
  });

  app.openapi(test, async (context) => {
    const { id } = context.req.valid('param');
    const { view } = await find(context, id);
    requireEnabled(view);
    const deliveryId = `msg_test_${randomBytes(12).toString('hex')}`;
    const payload = JSON.stringify({
      type: TEST_EVENT,
      timestamp: new Date().toISOString(),
      data: { id, message: 'This is a test delivery of ecs-image-import.' },
    } satisfies WebhookPayload);
    await deps.webhooks.deliveries.insert(id, deliveryId, TEST_EVENT, payload);
    const made = await deps.webhooks.deliveries.get(id, deliveryId);
    if (made === null) throw unknownWebhook(id);
    return context.json(made, 202);
  });

  app.openapi(rotate, async (context) => {
    const { id } = context.req.valid('param');
    await find(context, id);
    const secret = newSecret();
    await deps.webhooks.store.rotate(id, secret, context.req.valid('json').overlapHours * 60 * 60_000);
    return context.json({ ...(await find(context, id)).view, secret });
  });

  app.openapi(enable, async (context) => {
    const { id } = context.req.valid('param');
    await find(context, id);
    await deps.webhooks.store.enable(id);
    return context.json((await find(context, id)).view);
  });

  app.openapi(deliveries, async (context) => {
    const { id } = context.req.valid('param');
    await find(context, id);
    const { state, cursor, limit = PAGE_DEFAULT } = context.req.valid('query');
    const filter = { ...(state === undefined ? {} : { state }), ...(cursor === undefined ? {} : { cursor }), limit };
    return context.json(await deps.webhooks.deliveries.list(id, filter));
  });

  app.openapi(delivery, async (context) => {
    const { id, name } = context.req.valid('param');
    await find(context, id);
    const found = await deps.webhooks.deliveries.get(id, name);
    if (found === null) throw unknownDelivery(id, name);
    return context.json(found);
  });

  app.openapi(redeliver, async (context) => {
    const { id } = context.req.valid('param');
    const { delivery: one, since } = context.req.valid('json');
    requireEnabled((await find(context, id)).view);
    const redelivered = await deps.webhooks.deliveries.redeliver(id, one ?? null, since ?? null);
    if (one !== undefined && redelivered === 0 && (await deps.webhooks.deliveries.get(id, one)) === null) {
      throw unknownDelivery(id, one);
    }
    return context.json({ redelivered }, 202);
  });

  return app;
}

/** The user whose webhooks the sender sees; null: those of all users. */
function ownerFilter(context: Context): string | null {
  const identity = identityOf(context);
  return may(identity, 'webhooks.others', 'service').allowed ? null : identity.id;
}

function requireEnabled({ id, disabled }: OwnedWebhook['view']): void {
  if (disabled === null) return;
  throw problem(
    'disabledWebhook',
    `webhook ${id} is disabled: ${disabled.reason}`,
    `Fix its target, then send POST /v1/webhooks/${id}/enable.`,
  );
}

/** Without the path and query, which may contain a secret. */
function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}

function unknownWebhook(id: string) {
  return problem('unknownWebhook', `webhook ${id} does not exist`, 'List the webhooks with GET /v1/webhooks.');
}

function unknownDelivery(webhookId: string, id: string) {
  return problem(
    'unknownDelivery',
    `webhook ${webhookId} has no delivery ${id}`,
    `List its deliveries with GET /v1/webhooks/${webhookId}/deliveries.`,
  );
}
