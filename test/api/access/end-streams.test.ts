/** An event stream ends when its sender loses access, and not before. */
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { expect, test } from 'vitest';
import { endStreams } from '../../../api/access/end-streams.js';

async function open(stillMay: () => Promise<boolean>, type: 'stream' | 'text' = 'stream') {
  let aborted = false;
  const app = new Hono();
  app.use(endStreams(stillMay, 5));
  app.get('/', (context) =>
    type === 'text'
      ? context.text('all')
      : streamSSE(context, async (stream) => {
          stream.onAbort(() => {
            aborted = true;
          });
          await stream.writeSSE({ data: 'first' });
          while (!stream.aborted) await stream.sleep(1);
        }),
  );
  const response = await app.request('/');
  return { response, hasAborted: () => aborted };
}

test('access is lost while the stream is open → what was written arrives, then it ends and its route is notified', async () => {
  let checks = 0;
  const { response, hasAborted } = await open(async () => ++checks < 3);
  expect(await response.text()).toContain('data: first');
  expect(checks).toBe(3);
  expect(hasAborted()).toBe(true);
});

test('access cannot be checked → the stream stays open until it can be', async () => {
  const results = [Promise.reject(new Error('away')), Promise.resolve(true), Promise.resolve(false)];
  for (const result of results) result.catch(() => undefined);
  const { response } = await open(() => results.shift() ?? Promise.resolve(false));
  await response.text();
  expect(results).toEqual([]);
});

test('the client goes away → the route is notified', async () => {
  const { response, hasAborted } = await open(async () => true);
  await response.body?.cancel();
  expect(hasAborted()).toBe(true);
});

test('another response → not changed', async () => {
  const { response } = await open(async () => false, 'text');
  expect(await response.text()).toBe('all');
});
