/** `list` sends filters of the API only. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runInProcess } from '../support/cli/run-in-process.js';
import { type FakeApi, startFakeApi } from '../support/client/fake-api.js';

let api: FakeApi;
let sent: URLSearchParams[] = [];

beforeAll(async () => {
  api = await startFakeApi(({ url }, response) => {
    sent.push(new URL(url, 'http://api').searchParams);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"imports":[],"nextCursor":null}');
  });
});
afterAll(() => api.close());
beforeEach(() => {
  sent = [];
});

test.each([
  [['list'], ['fields', 'limit']],
  [['list', '--json'], ['limit']],
  [
    ['--debug', 'list', '--tag', 'a=b', '--created-by', 'local', '--sort', 'created'],
    ['createdBy', 'fields', 'limit', 'sort', 'tag'],
  ],
])('%j → sends the parameters %j', async (args, names) => {
  expect(await runInProcess([...args, '--api', api.url])).toMatchObject({ code: 0 });
  expect(sent.map((one) => [...new Set(one.keys())].sort())).toEqual([names]);
});

test('--since 7d → sends the time a week ago', async () => {
  expect(await runInProcess(['list', '--since', '7d', '--api', api.url])).toMatchObject({ code: 0 });
  const at = Date.parse(sent[0]?.get('since') ?? '');
  expect(Math.abs(at - (Date.now() - 7 * 86_400_000))).toBeLessThan(600_000);
});
