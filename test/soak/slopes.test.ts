import { expect, test } from 'vitest';
import { grows, trendOf } from './slopes.js';

/** Repeatable noise between -1 and 1. */
const noise = (index: number) => Math.sin(index * 12.9898) * 0.9;
const series = (y: (x: number) => number) => Array.from({ length: 60 }, (_, x) => ({ x, y: y(x) }));

test('a leak below the noise of single samples → its slope is found', () => {
  const trend = trendOf(series((x) => 200 + x + 5 * noise(x)));
  expect(trend.slope).toBeCloseTo(1, 0);
  expect(grows(trend, 60, 0.15)).toBe(true);
});

test('a flat series with peaks → does not grow', () => {
  const trend = trendOf(series((x) => 200 + 20 * noise(x) + (x % 13 === 0 ? 300 : 0)));
  expect(grows(trend, 60, 0.15)).toBe(false);
});

test('a series that falls, or has one point → does not grow', () => {
  expect(grows(trendOf(series((x) => 200 - x)), 60, 0.15)).toBe(false);
  expect(grows(trendOf([{ x: 0, y: 5 }]), 60, 0.15)).toBe(false);
});
