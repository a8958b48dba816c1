import { expect, test } from 'vitest';
import { workProgress } from '../../../activities/upload/work-progress.js';
import type { DiskPlan } from '../../../domain/plan.js';

const disk = (number: number, size: number): DiskPlan => ({
  ...{ number, size, source: { kind: 'file', path: '/disk' }, bucket: 'b', key: 'k' },
  ...{ conversion: 'as-is', format: 'RAW', diskImageSizeGiB: null },
});

function reported(disks: readonly DiskPlan[]) {
  const lines: { percent: number; bytesDone: number | null; bytesTotal: number | null }[] = [];
  const of = workProgress(disks, { report: (line) => lines.push(line) });
  return { lines, of, last: () => lines.at(-1) };
}

test('the total number of bytes becomes known → the progress counts the sent bytes', () => {
  const [one, two] = [disk(1, 300), disk(2, 100)];
  const { of, last } = reported([one, two]);
  of(one).reading(1);
  expect(last()).toEqual({ percent: 7, bytesDone: null, bytesTotal: null });
  of(one).sending(0, 300);
  of(two).sending(50, 100);
  expect(last()).toMatchObject({ bytesDone: 50, bytesTotal: 400 });
  of(one).sending(300, 300);
  of(two).sending(100, 100);
  expect(last()).toEqual({ percent: 100, bytesDone: 400, bytesTotal: 400 });
});

test('any sequence of stages → the percentage never decreases', () => {
  const one = disk(1, 1000);
  const { of, lines } = reported([one]);
  for (const fraction of [0, 0.5, 1]) of(one).reading(fraction);
  for (const fraction of [0, 0.5, 1]) of(one).converting(fraction);
  for (const bytes of [0, 20, 40]) of(one).sending(bytes, 40);
  const percents = lines.map(({ percent }) => percent);
  expect(percents).toEqual([...percents].sort((a, b) => a - b));
  expect(percents.at(-1)).toBe(100);
});
