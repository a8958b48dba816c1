import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSemaphore } from '../../../activities/upload/semaphore.js';

const { signal } = new AbortController();
setMaxListeners(0, signal);

test('no more disks are sent at once than a worker has slots, whoever they belong to', async () => {
  const slots = createSemaphore(3);
  let now = 0;
  let most = 0;
  const send = () =>
    slots.use(signal, async () => {
      now += 1;
      most = Math.max(most, now);
      await delay(2);
      now -= 1;
    });
  await Promise.all(Array.from({ length: 20 }, send));
  expect(most).toBe(3);
});

test('a slot is free again when its disk failed, and goes to the next in line', async () => {
  const slots = createSemaphore(1);
  const order: string[] = [];
  const first = slots.use(signal, async () => {
    await delay(5);
    throw new Error('cut');
  });
  const others = ['second', 'third'].map((name) => slots.use(signal, async () => order.push(name)));
  await expect(first).rejects.toThrow('cut');
  await Promise.all(others);
  expect(order).toEqual(['second', 'third']);
});

test('who waits for a slot and is cancelled takes none', async () => {
  const slots = createSemaphore(1);
  const cancel = new AbortController();
  let release = () => {};
  const holding = slots.use(
    signal,
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  const waiting = slots.use(cancel.signal, async () => 'sent');
  cancel.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
  release();
  await holding;
  expect(await slots.use(signal, async () => 'sent')).toBe('sent');
});
