/**
 * Decrypts payloads for Temporal's UI and command line, by Temporal's protocol for codec servers: a list of payloads in, the
 * same list out. There is no `/encode`: a payload that this service has not sent must not become valid.
 */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Payload } from '@temporalio/common';
import type { Context, MiddlewareHandler } from 'hono';
import type { z } from 'zod';
import { decodeForReader, PayloadKeyMissing, PayloadRefused } from '../../temporal/payload-codec.js';
import { answers, json } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { payloadsSchema } from '../payload-schema.js';
import { jsonBody, noQuery, readsPayloads, routes } from '../route.js';

export const DECODE_PATH = '/v1/codec/decode';

type Payloads = z.infer<typeof payloadsSchema>;

const decode = createRoute({
  method: 'post',
  path: DECODE_PATH,
  operationId: 'decodePayloads',
  tags: ['Maintenance'],
  summary: 'Decrypt payloads for the UI and the command line of Temporal',
  description:
    'The codec endpoint of Temporal is this path without `/decode`. A payload that cannot be decrypted is returned as it is.',
  middleware: readsPayloads,
  request: { query: noQuery, body: jsonBody(payloadsSchema) },
  responses: answers({ 200: json('The payloads in the same order', 'Payloads') }),
});

export function codecRoutes({ keyring }: Pick<ApiDependencies, 'keyring'>): OpenAPIHono {
  const app = routes();
  const read = async (payload: Payload): Promise<Payload> => {
    try {
      return keyring === null || keyring === undefined ? payload : await decodeForReader(keyring, payload);
    } catch (error) {
      if (error instanceof PayloadRefused || error instanceof PayloadKeyMissing) return payload;
      throw error;
    }
  };
  app.openapi(decode, async (context) => {
    const { payloads } = context.req.valid('json');
    const decoded = await Promise.all(payloads.map(async (payload) => toJson(await read(ofJson(payload)))));
    return context.json({ payloads: decoded });
  });
  return app;
}

function ofJson({ metadata, data }: Payloads['payloads'][number]): Payload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')])),
    data: Buffer.from(data, 'base64'),
  };
}

function toJson({ metadata, data }: Payload): Payloads['payloads'][number] {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
    ),
    data: Buffer.from(data ?? new Uint8Array()).toString('base64'),
  };
}

/** Whether a page of Temporal's UI sends the request, from an origin that the operator has configured. */
export function isFromTemporalUi({ req }: Context, origins: readonly string[]): boolean {
  return req.path === DECODE_PATH && origins.includes(req.header('origin') ?? '');
}

/** CORS for these origins, and for this path only. Preflights carry no identity. */
export function codecCors(origins: readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    if (!isFromTemporalUi(context, origins)) return await next();
    const headers = {
      'access-control-allow-origin': context.req.header('origin') ?? '',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, content-type, x-namespace, authorization-extras',
      vary: 'Origin',
    };
    if (context.req.method === 'OPTIONS') return context.body(null, 204, headers);
    await next();
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
  };
}
