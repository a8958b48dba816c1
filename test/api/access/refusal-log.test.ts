/** Refused requests are recorded each, a flood of them as numbers. */
import { beforeEach, expect, test } from 'vitest';
import { createRefusalLog } from '../../../api/access/refusal-log.js';
import type { AuditedRequest, AuditResult } from '../../../store/audit.js';

interface Added {
  readonly request: AuditedRequest;
  readonly result: AuditResult;
  readonly count: number;
}
let added: Added[];
const log = createRefusalLog({
  add: async (request, result, count = 1) => {
    added.push({ request, result, count });
  },
});
const result: AuditResult = { outcome: 'refused', status: 401, code: 'Api.Unauthorized' };
const from = (address: string, target = 'GET /'): AuditedRequest => ({
  ...{ identity: null, role: null, address, client: null, user: null, action: 'sign-in', target },
});

beforeEach(async () => {
  added = [];
  await log.flush();
  added = [];
});

test('a few refused requests → an entry each', async () => {
  for (let n = 0; n < 5; n++) await log.add(from('10.0.0.1', `GET /${n}`), result);
  expect(added.map(({ request }) => request.target)).toEqual(['GET /0', 'GET /1', 'GET /2', 'GET /3', 'GET /4']);
  await log.flush();
  expect(added).toHaveLength(5);
});

test('a flood of one sender → ten entries, then one with the number of the others', async () => {
  for (let n = 0; n < 10_000; n++) await log.add(from('10.0.0.1', `GET /${n}`), result);
  await log.add(from('10.0.0.2'), result);
  expect(added).toHaveLength(11);
  await log.flush();
  expect(added.at(-1)).toEqual({ request: { ...from('10.0.0.1'), target: null }, result, count: 9_990 });
  await log.flush();
  expect(added).toHaveLength(12);
});

test('a flood of many senders → a bounded number of entries, and no request is lost from the numbers', async () => {
  for (let n = 0; n < 20_000; n++) await log.add(from(`10.0.${n % 250}.${n % 199}`), result);
  expect(added.length).toBeLessThanOrEqual(100);
  await log.flush();
  expect(added.length).toBeLessThanOrEqual(121);
  expect(added.reduce((sum, { count }) => sum + count, 0)).toBe(20_000);
});

test('after a period → entries of their own again', async () => {
  for (let n = 0; n < 50; n++) await log.add(from('10.0.0.1'), result);
  await log.flush();
  added = [];
  await log.add(from('10.0.0.1'), result);
  expect(added).toEqual([{ request: from('10.0.0.1'), result, count: 1 }]);
});
