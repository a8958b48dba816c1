import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSemaphore } from '../../../activities/upload/semaphore.js';

const { signal } = new AbortController();
setMaxListeners(0, signal);

test('more disks than the limit → at most as many as the limit are sent concurrently', async () => {
  const semaphore = createSemaphore(3);
  let now = 0;
  let most = 0;
  const send = () =>
    semaphore.use(signal, async () => {
      now += 1;
      most = Math.max(most, now);
      await delay(2);
      now -= 1;
    });
  await Promise.all(Array.from({ length: 20 }, send));
  expect(most).toBe(3);
});

test('a disk that fails → the next one in order starts', async () => {
  const semaphore = createSemaphore(1);
  const order: string[] = [];
  const first = semaphore.use(signal, async () => {
    await delay(5);
    throw new Error('cut');
  });
  const others = ['second', 'third'].map((name) => semaphore.use(signal, async () => order.push(name)));
  await expect(first).rejects.toThrow('cut');
  await Promise.all(others);
  expect(order).toEqual(['second', 'third']);
});

test('cancelled while waiting → rejects and uses no permit', async () => {
  const semaphore = createSemaphore(1);
  const cancel = new AbortController();
  let release = () => {};
  const holding = semaphore.use(
    signal,
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  const waiting = semaphore.use(cancel.signal, async () => 'sent');
  cancel.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
  release();
  await holding;
  expect(await semaphore.use(signal, async () => 'sent')).toBe('sent');
});
