/** When a delivery is repeated, and which events a webhook subscribes to. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSubscribed, RETRY_AFTER_MS, retryAfterMs, WEBHOOK_EVENTS, waitAfter } from '../../domain/webhooks.js';

const DAY_MS = 24 * 60 * 60_000;

describe('the waits between attempts', () => {
  test('grow, spread by up to a fifth, and span three days until the delivery is dead', () => {
    const least = RETRY_AFTER_MS.map((_, index) => waitAfter(index + 1, null, 0) ?? 0);
    const most = RETRY_AFTER_MS.map((_, index) => waitAfter(index + 1, null, 1) ?? 0);
    expect(least).toEqual([...least].sort((one, other) => one - other));
    expect(most).toEqual(least.map((ms) => ms * 1.2));
    expect(least.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(3 * DAY_MS);
    expect(waitAfter(RETRY_AFTER_MS.length + 1, null, 0.5)).toBeNull();
  });

  test('are as long as the target requests, at most a day, and never shorter than planned', () => {
    expect(waitAfter(1, 60_000, 0)).toBe(60_000);
    expect(waitAfter(3, 1_000, 0)).toBe(RETRY_AFTER_MS[2]);
    expect(waitAfter(1, 40 * DAY_MS, 0)).toBe(DAY_MS);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  test.each([
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['999999999', DAY_MS],
    ['Wed, 31 Dec 2025 00:00:00 GMT', null],
    ['-5', null],
    ['soon', null],
    [undefined, null],
  ])('%s is %s ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  test('any text is a wait of at most a day, or none', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const ms = retryAfterMs(header, now);
        return ms === null || (ms >= 0 && ms <= DAY_MS);
      }),
    );
  });
});

test.each([
  [['*'], [...WEBHOOK_EVENTS]],
  [['batch.*'], WEBHOOK_EVENTS.filter((event) => event.startsWith('batch.'))],
  [
    ['import.failed', 'batch.attention'],
    ['import.failed', 'batch.attention'],
  ],
])('a subscription to %j gets %j', (patterns, events) => {
  expect(WEBHOOK_EVENTS.filter((event) => isSubscribed(patterns, event))).toEqual(events);
});
