import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCountdown } from '../../images/countdown.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('paused time does not count; the time limit ends it once', () => {
  const onEnd = vi.fn();
  const countdown = createCountdown(1_000, onEnd);
  for (let read = 0; read < 9; read++) {
    countdown.resume();
    vi.advanceTimersByTime(100);
    countdown.pause();
    vi.advanceTimersByTime(60_000);
  }
  expect(onEnd).not.toHaveBeenCalled();
  countdown.resume();
  vi.advanceTimersByTime(100);
  expect(onEnd).toHaveBeenCalledOnce();
});

test('ended → never calls back', () => {
  const onEnd = vi.fn();
  const countdown = createCountdown(1_000, onEnd);
  countdown.resume();
  countdown.end();
  countdown.resume();
  vi.advanceTimersByTime(5_000);
  expect(onEnd).not.toHaveBeenCalled();
});
