/** The stores of webhooks on a database, and targets that verify and keep what they receive. */

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Identity, UNLIMITED } from '../../../domain/access/identity.js';
import { newId } from '../../../domain/ids.js';
import { createImportStore, type ImportStore } from '../../../store/imports.js';
import { createDeliveryStore, type DeliveryStore } from '../../../store/webhook-deliveries.js';
import { createWebhookEventStore, type WebhookEventStore } from '../../../store/webhook-events.js';
import { createWebhookStore, type WebhookStore } from '../../../store/webhooks.js';
import { createDeliverer, type DeliverDependencies } from '../../../webhooks/deliver.js';
import { fanOut } from '../../../webhooks/fan-out.js';
import { newSecret } from '../../../webhooks/sign.js';
import { createWebhookTargets } from '../../../webhooks/target.js';
import { REQUEST } from '../activities/distribution-cloud.js';
import { startTestDatabase, type TestDatabase } from '../store/test-database.js';

export const ADMIN: Identity = { id: 'key:admin', name: 'admin', role: 'admin', scope: UNLIMITED };
const CAUSE = { code: 'OSS.Test', message: 'the bucket is gone', remedy: 'Create it.' };
export const ERROR = { ...CAUSE, requestId: null, phase: 'upload' } as const;

export let database: TestDatabase;
export let store: ImportStore;
export let events: WebhookEventStore;
export let webhooks: WebhookStore;
export let deliveries: DeliveryStore;
export const targets = createWebhookTargets({ hosts: [], addresses: ['127.0.0.1'], timeoutMs: 500 });
const opened: { close(): unknown }[] = [];

/** Call it at the top of a test file: a database of its own, emptied before each test. */
export function useWebhooks(): void {
  beforeAll(async () => {
    database = await startTestDatabase();
    store = createImportStore(database.pool);
    events = createWebhookEventStore(database.pool);
    webhooks = createWebhookStore(database.pool);
    deliveries = createDeliveryStore(database.pool);
  });
  afterAll(async () => {
    targets.close();
    await database?.close();
  });
  beforeEach(async () => {
    await database.pool.query(
      `truncate ecs_image_import.webhooks, ecs_image_import.imports, ecs_image_import.batches cascade;
       update ecs_image_import.webhook_cursor set lease_until = '-infinity'`,
    );
    await fanOutAll();
  });
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
  });
}

let made = 0;
export const idOf = (prefix: 'imp' | 'bat' | 'whk') => newId(prefix, Date.now() + ++made, new Uint8Array(10));
export const secrets = new Map<string, string>();

export async function webhook(url: string, more: { events?: string[]; creator?: Identity } = {}): Promise<string> {
  const [id, secret] = [idOf('whk'), newSecret()];
  const input = { id, url, description: '', events: ['*'], creator: ADMIN, secret, ...more };
  expect(await webhooks.create(input)).not.toBeNull();
  secrets.set(id, secret);
  return id;
}

export async function importThat(
  state: 'succeeded' | 'failed' | 'cancelled' | 'attention',
  id = idOf('imp'),
): Promise<string> {
  const step = { importId: id, version: 1, phase: 'upload' } as const;
  await store.accept(step, REQUEST, 'files');
  if (state === 'attention') await store.attention({ ...step, version: 2 }, CAUSE);
  else await store.finish({ ...step, version: 2 }, state, state === 'failed' ? ERROR : null);
  return id;
}

export async function fanOutAll(): Promise<void> {
  while (await fanOut(events));
}

interface Received {
  readonly id: string;
  readonly body: { readonly type: string; readonly data: Record<string, unknown> };
}

/** @param answer the status of the answer to each delivery; null: none */
export async function receiver(answer: (count: number, response: http.ServerResponse) => number | null = () => 204) {
  const received: Received[] = [];
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += String(piece);
    const id = String(request.headers['webhook-id']);
    const secret =
      [...secrets].find(([name]) => id.endsWith(name.replace('-', '_')) || id.startsWith(`msg_${name}_`))?.[1] ?? '';
    new Webhook(secret).verify(text, request.headers as Record<string, string>);
    received.push({ id, body: JSON.parse(text) });
    const status = answer(received.length, response);
    if (status !== null) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({ close: () => server.close() && server.closeAllConnections() });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, received };
}

export const log: string[] = [];
export function dependencies(more: Partial<DeliverDependencies> = {}): DeliverDependencies {
  return {
    ...{ deliveries, webhooks, targets, areValid: async (ids) => new Set(ids) },
    log: { warn: (attributes, message) => void log.push(`${message} ${JSON.stringify(attributes)}`) },
    ...more,
  };
}

/** Sends everything that is due. */
export async function deliver(more: Partial<DeliverDependencies> = {}): Promise<void> {
  const deliverer = createDeliverer(dependencies(more));
  await deliverer.startDue();
  await deliverer.idle();
}

export const due = (id: string) =>
  database.pool.query(`update ecs_image_import.webhook_deliveries set next_at = now() where webhook_id = $1`, [id]);
export const listed = async (id: string) => (await deliveries.list(id, { limit: 100 })).deliveries;
