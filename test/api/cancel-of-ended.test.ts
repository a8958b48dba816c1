/** A cancel of an import that has ended changes nothing, and says what remains to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { ANONYMOUS } from '../../domain/access/identity.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';

async function cancelOf(state: string, image: object | null) {
  const app = createApp({
    imports: { cancel: async () => ({ kind: 'ended', state }), get: async () => ({ id: 'imp-1', state, image }) },
    ...{ workerHost: 'host-1', authenticators: OPEN, auditTrail: UNRECORDED, stackFile: null },
  } as unknown as ApiDependencies);
  const headers = { 'content-type': 'application/json' };
  const response = await app.request('/v1/imports/imp-1/cancel', { method: 'POST', headers, body: '{}' });
  return { status: response.status, body: await response.json() };
}

test.each([
  ['failed', null, 'Nothing to do: it has no image.'],
  ['succeeded', null, 'Nothing to do: it has no image.'],
  ['succeeded', { imageId: 'm-1', regionId: 'cn-hangzhou' }, 'If its image m-1 is not needed, delete it.'],
])('of an import that has ended as %s with the image %j → %s', async (state, image, remedy) => {
  expect(await cancelOf(state, image)).toMatchObject({ status: 409, body: { state, remedy } });
});

test('that waited for its identity while an equal one ended the import → counts from when it arrived', async () => {
  const askedAt: unknown[] = [];
  let identifiedAt = 0;
  const slow = [
    async () => {
      await sleep(50);
      identifiedAt = Date.now();
      return ANONYMOUS;
    },
  ];
  const app = createApp({
    imports: {
      cancel: async (...[, , , at]: unknown[]) => {
        askedAt.push(at);
        return { kind: 'cancelling' };
      },
      get: async () => ({ id: 'imp-1' }),
    },
    ...{ workerHost: 'host-1', authenticators: slow, auditTrail: UNRECORDED, stackFile: null },
  } as unknown as ApiDependencies);
  const headers = { 'content-type': 'application/json' };
  await app.request('/v1/imports/imp-1/cancel', { method: 'POST', headers, body: '{}' });
  expect(askedAt).toEqual([expect.any(Number)]);
  expect(askedAt[0]).toBeLessThan(identifiedAt);
});
