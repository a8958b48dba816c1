import { expect, test } from 'vitest';
import { createRateFloor } from '../../sources/rate-floor.js';

const LIMITS = { minBytesPerSecond: 1_000, windowMs: 60_000 };

function floorWithClock() {
  let now = 0;
  return { floor: createRateFloor('image', LIMITS, () => now), pass: (ms: number) => (now += ms) };
}

test('a byte every 5 s → too slow after the window', () => {
  const { floor, pass } = floorWithClock();
  floor.resume();
  for (let sent = 0; sent < 11; sent++) {
    pass(5_000);
    floor.received(1);
  }
  pass(5_000);
  expect(() => floor.received(1)).toThrow(/sent 12 bytes in 60 s/);
});

test('time in which the reader takes no bytes → does not count', () => {
  const { floor, pass } = floorWithClock();
  for (let read = 0; read < 100; read++) {
    floor.resume();
    pass(10);
    floor.received(1_000);
    floor.pause();
    pass(3_600_000);
  }
});

test('an outage between two windows → does not count', () => {
  const { floor, pass } = floorWithClock();
  floor.resume();
  pass(1_000);
  floor.received(10_000);
  pass(3_600_000);
  floor.outage();
  floor.received(10_000);
});

test('a rate above the minimum for days → no end', () => {
  const { floor, pass } = floorWithClock();
  floor.resume();
  for (let minute = 0; minute < 3_000; minute++) {
    pass(60_000);
    floor.received(61_000);
  }
});
