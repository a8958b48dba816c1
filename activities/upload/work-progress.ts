/** The progress of an upload phase over several disks. Each disk is read, converted if needed, and uploaded. */
import type { DiskPlan } from '../../domain/plan.js';
import type { Step } from '../step.js';

export interface DiskProgress {
  /** 0 to 1: the source is read for its digest, or downloaded. */
  reading(fraction: number): void;
  /** 0 to 1. */
  converting(fraction: number): void;
  sending(bytesDone: number, bytesTotal: number): void;
}

/** The share of each stage in a disk's progress, if the stage takes place. */
const READING = 0.1;
const CONVERTING = 0.5;

export function workProgress(disks: readonly DiskPlan[], step: Pick<Step, 'report'>): (disk: DiskPlan) => DiskProgress {
  const state = new Map(disks.map(({ number }) => [number, { done: 0, bytesDone: 0, bytesTotal: 0, before: 0 }]));
  const weights = new Map(disks.map(({ number, size }) => [number, Math.max(1, size ?? 1)]));
  const weightOf = (number: number) => weights.get(number) ?? 1;
  const total = disks.reduce((sum, { number }) => sum + weightOf(number), 0);
  const sum = (of: (disk: { bytesDone: number; bytesTotal: number }) => number) =>
    [...state.values()].reduce((result, disk) => result + of(disk), 0);

  const report = () => {
    const done = [...state].reduce((result, [number, disk]) => result + disk.done * weightOf(number), 0);
    const bytesTotal = sum((disk) => disk.bytesTotal);
    step.report({
      percent: total === 0 ? 100 : Math.min(100, Math.floor((done * 100) / total)),
      bytesDone: bytesTotal === 0 ? null : sum((disk) => disk.bytesDone),
      bytesTotal: bytesTotal === 0 ? null : bytesTotal,
    });
  };

  return ({ number }) => {
    const own = state.get(number);
    if (own === undefined) throw new Error(`disk ${number} is not part of this upload`);
    const stage = (from: number, share: number, fraction: number) => {
      own.before = Math.max(own.before, from + share);
      own.done = from + share * fraction;
      report();
    };
    return {
      reading: (fraction) => stage(0, READING, fraction),
      converting: (fraction) => stage(READING, CONVERTING, fraction),
      sending(bytesDone, bytesTotal) {
        Object.assign(own, { bytesDone, bytesTotal });
        own.done = own.before + (1 - own.before) * (bytesTotal === 0 ? 1 : bytesDone / bytesTotal);
        report();
      },
    };
  };
}
