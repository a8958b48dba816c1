/** Progress, waits and durations in words, for the command line and the page. */
import { describe, expect, test } from 'vitest';
import { formatDuration, formatSpan } from '../../domain/format-duration.js';
import { progressFigures, waitText } from '../../domain/progress-text.js';

const NOW = Date.parse('2026-11-29T12:00:00.000Z');
const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();

test.each([
  [-5, '0.0 s', '0 s'],
  [800, '0.8 s', '0 s'],
  [9_949, '9.9 s', '9 s'],
  [9_990, '10 s', '9 s'],
  [59_600, '1 min 0 s', '59 s'],
  [185_000, '3 min 5 s', '3 min'],
  [5_400_000, '1 h 30 min', '90 min'],
  [7_800_000, '2 h 10 min', '2 h'],
  [3_600_000 * 47, '47 h 0 min', '47 h'],
  [3_600_000 * 49, '49 h 0 min', '2 days'],
])('%d ms → %s exactly, %s rounded', (ms, exact, rounded) => {
  expect([formatDuration(ms), formatSpan(ms)]).toEqual([exact, rounded]);
});

describe('progress', () => {
  const none = { percent: 7.9, bytesDone: null, bytesTotal: null, bytesPerSecond: null, etaSeconds: null };

  test('bytes, rate and remaining time are known → all of them', () => {
    const known = { ...none, bytesDone: 2 ** 30, bytesTotal: 2 ** 31, bytesPerSecond: 2 ** 20, etaSeconds: 1_024 };
    expect(progressFigures(known)).toEqual(['7 %', '1.0 GiB of 2.0 GiB', '1.0 MiB/s', 'about 17 min 4 s left']);
  });

  test('nothing but the percentage is known → the percentage alone', () => {
    expect(progressFigures({ ...none, bytesPerSecond: 0 })).toEqual(['7 %']);
  });
});

describe('a wait', () => {
  test('for a worker of one host → the host and how long', () => {
    expect(waitText({ host: 'web-3', since: at(-125) }, NOW)).toBe('waiting for a worker of host web-3 since 2 min');
  });

  test('for any worker → how long; a clock that is behind shows 0 s', () => {
    expect(waitText({ host: null, since: at(3) }, NOW)).toBe('waiting for a worker since 0 s');
  });

  test('for the next attempt → the failure, the next attempt and the end of the patience', () => {
    const retry = {
      ...{ code: 'Throttling', message: 'too many requests', remedy: '', requestId: 'R-1' },
      ...{ since: at(-300), nextAt: at(20), givesUpAt: at(7_300) },
    };
    expect(waitText({ host: null, since: retry.since, retry }, NOW)).toBe(
      'retrying after Throttling: too many requests (request R-1) since 5 min, next attempt in 20 s, stops for attention in 2 h',
    );
    const last = { ...retry, nextAt: at(-1), givesUpAt: at(-1) };
    expect(waitText({ host: null, since: retry.since, retry: last }, NOW)).toContain(
      'next attempt now, stops for attention if it fails',
    );
  });
});
