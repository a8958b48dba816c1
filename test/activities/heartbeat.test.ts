/** How often activities send heartbeats, and how a cancel reaches them. */

import { Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { heartbeatEveryMs, startHeartbeats } from '../../activities/heartbeat.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  [2_000, 500],
  [10_000, 5_000],
  [30_000, 15_000],
  [150_000, 120_000],
])('a heartbeat timeout of %d ms → a heartbeat every %d ms', (timeoutMs, everyMs) => {
  expect(heartbeatEveryMs(timeoutMs)).toBe(everyMs);
});

test('a cancel is recorded → heartbeats follow at once, until the activity is cancelled; none after its end', async () => {
  let recorded: () => void = () => undefined;
  const subscriptions: string[] = [];
  const notices = {
    subscribe(id: string, listener: () => void) {
      subscriptions.push(id);
      recorded = listener;
      return () => void subscriptions.pop();
    },
  };
  const environment = new MockActivityEnvironment({ heartbeatTimeoutMs: 150_000 });
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(details));
  await environment.run(async () => {
    const stop = startHeartbeats(Context.current(), () => 'details', { notices, id: 'imp-1' });
    await vi.advanceTimersByTimeAsync(70_000);
    expect(beats).toEqual([]);
    recorded();
    await vi.advanceTimersByTimeAsync(1_200);
    expect(beats).toEqual(['details', 'details']);
    environment.cancel();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(beats).toHaveLength(2);
    recorded();
    stop();
    await vi.advanceTimersByTimeAsync(200_000);
    expect(beats).toHaveLength(2);
    expect(subscriptions).toEqual([]);
  });
});
