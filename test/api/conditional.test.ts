/** Answers with an ETag: a client that has the same answer gets 304 without a body. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';

let stored: Readonly<Record<string, unknown>> | null;
let app: ReturnType<typeof createApp>;

beforeEach(() => {
  stored = { id: 'imp-1', state: 'running' };
  app = createApp({
    imports: {
      get: async () => stored,
      list: async () => ({ imports: stored === null ? [] : [JSON.stringify(stored)], nextCursor: null }),
    },
    access: { namesOfImport: async () => null },
    retention: { deletedAt: async () => null },
    auditTrail: UNRECORDED,
    authenticators: OPEN,
    log: { error: () => undefined },
  } as unknown as ApiDependencies);
});

async function send(path: string, ifNoneMatch?: string, method = 'GET') {
  const headers = ifNoneMatch === undefined ? undefined : { 'if-none-match': ifNoneMatch };
  const response = await app.request(path, { method, ...(headers === undefined ? {} : { headers }) });
  return {
    status: response.status,
    tag: response.headers.get('etag'),
    headers: response.headers,
    text: await response.text(),
  };
}

async function tagOf(path: string): Promise<string> {
  const { status, tag } = await send(path);
  expect(status).toBe(200);
  return tag ?? 'none';
}

describe.each(['/v1/imports/imp-1', '/v1/imports'])('%s', (path) => {
  test('the ETag of the answer → 304 with the same ETag and no body', async () => {
    const tag = await tagOf(path);
    expect(tag).toMatch(/^"[^"]+"$/);
    const again = await send(path, tag);
    expect(again).toMatchObject({ status: 304, tag, text: '' });
    expect(again.headers.get('cache-control')).toBe('private, no-cache');
  });

  test('one of several ETags, or its weak form → 304', async () => {
    const tag = await tagOf(path);
    expect((await send(path, `"other", ${tag}`)).status).toBe(304);
    expect((await send(path, `W/${tag}`)).status).toBe(304);
  });

  test('a change → another ETag, and the whole answer for the earlier one', async () => {
    const tag = await tagOf(path);
    stored = { id: 'imp-1', state: 'succeeded' };
    const changed = await send(path, tag);
    expect(changed.status).toBe(200);
    expect(changed.tag).not.toBe(tag);
    expect(changed.text).toContain('succeeded');
  });

  test('HEAD → the ETag of GET, and 304 for it', async () => {
    const tag = await tagOf(path);
    expect(await send(path, undefined, 'HEAD')).toMatchObject({ status: 200, tag, text: '' });
    expect(await send(path, tag, 'HEAD')).toMatchObject({ status: 304, text: '' });
  });
});

test.each(['/v1/imports/imp-1', '/v1/imports?state=wrong'])('an error of %s → no ETag, and never 304', async (path) => {
  stored = null;
  const first = await send(path);
  expect(first.status).toBeGreaterThanOrEqual(400);
  expect(first.tag).toBeNull();
  expect(first.headers.get('cache-control')).toBe('no-store');
  expect((await send(path, '*')).status).toBe(first.status);
});
