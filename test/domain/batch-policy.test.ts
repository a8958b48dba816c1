/** The policy of a batch: its settings, and how many imports it admits. */
import { describe, expect, test } from 'vitest';
import { admit } from '../../domain/batch/admission.js';
import type { BatchCounts } from '../../domain/batch/batch.js';
import {
  type BatchPolicy,
  DEFAULT_POLICY,
  failuresAllowed,
  policyForSize,
  readPolicy,
} from '../../domain/batch/policy.js';
import { isOpen, parseSchedule } from '../../domain/batch/schedule.js';

function policy(given: Readonly<Record<string, unknown>> = {}): BatchPolicy {
  const read = readPolicy(given, DEFAULT_POLICY);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.policy;
}

describe('a policy', () => {
  test('without settings is the default; a change keeps the other settings', () => {
    expect(policy()).toEqual(DEFAULT_POLICY);
    const first = policy({ concurrency: 7, canary: 5 });
    const changed = readPolicy({ errorBudget: '2 %' }, first);
    expect(changed).toEqual({ ok: true, policy: { ...first, errorBudget: '2%' } });
  });

  test('accepts one wave or several, and failures as a percentage or a number', () => {
    expect(policy({ canary: 5 }).canary).toEqual([5]);
    expect(policy({ canary: [5, 50] }).canary).toEqual([5, 50]);
    expect(policy({ canary: null }).canary).toEqual([]);
    expect(failuresAllowed(policy({ errorBudget: 10 }), 1_000)).toBe(10);
    expect(failuresAllowed(policy({ errorBudget: '10' }), 1_000)).toBe(10);
    expect(failuresAllowed(policy({ errorBudget: '2.5%' }), 1_000)).toBe(25);
    expect(failuresAllowed(policy(), 1_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test('with invalid settings is rejected with all problems', () => {
    const read = readPolicy(
      {
        concurrency: 0,
        perRegion: 1.5,
        canary: [0],
        errorBudget: '200%',
        schedule: '20:00-06:00 Mars/Base',
        order: 'random',
        priority: 9,
        weight: 0,
        imageQuota: { 'cn-hangzhou': -1 },
        speed: 3,
      },
      DEFAULT_POLICY,
    );
    expect(read.ok ? [] : read.problems.map((problem) => problem.path)).toEqual([
      'policy.concurrency',
      'policy.perRegion',
      'policy.canary',
      'policy.errorBudget',
      'policy.schedule',
      'policy.order',
      'policy.priority',
      'policy.weight',
      'policy.imageQuota',
      'policy.speed',
    ]);
  });
});

describe('the policy of a large batch', () => {
  const sized = (given: Readonly<Record<string, unknown>>, items: number) => policyForSize(policy(given), given, items);

  test('from 100 items on → a canary and an error budget by default', () => {
    expect(sized({}, 99)).toEqual(DEFAULT_POLICY);
    expect(sized({}, 100)).toEqual({ ...DEFAULT_POLICY, canary: [5], errorBudget: '5%', errorBudgetAfter: 20 });
  });

  test('with settings of its own, also empty ones → keeps them', () => {
    expect(sized({ canary: [] }, 500)).toMatchObject({ canary: [], errorBudget: '5%' });
    expect(sized({ canary: null, errorBudget: null }, 500)).toMatchObject({ canary: [], errorBudget: null });
    expect(sized({ errorBudget: 0 }, 500)).toMatchObject({ canary: [5], errorBudget: 0, errorBudgetAfter: 0 });
    expect(sized({ errorBudgetAfter: 3 }, 500)).toMatchObject({ errorBudget: '5%', errorBudgetAfter: 3 });
  });

  test('of an earlier version without errorBudgetAfter → its budget counts from the first failure on', () => {
    const { errorBudgetAfter: _absent, ...earlier } = policy({ errorBudget: 0 });
    const failed = counts({ waiting: 9, failed: 1 });
    expect(admit(earlier as BatchPolicy, failed, 0, NOON)).toMatchObject({ kind: 'hold' });
  });

  test('with failures above the budget → stops only after 20 imports have ended', () => {
    const large = policy({ errorBudget: 2, errorBudgetAfter: 20 });
    expect(admit(large, counts({ waiting: 90, failed: 19 }), 0, NOON)).toMatchObject({ kind: 'start' });
    expect(admit(large, counts({ waiting: 90, failed: 19, cancelled: 1 }), 0, NOON)).toMatchObject({
      kind: 'hold',
      reason: { code: 'Batch.ErrorBudgetSpent' },
    });
  });
});

describe('a schedule', () => {
  function openAt(text: string, at: string): boolean {
    const read = parseSchedule(text);
    if (!read.ok) throw new Error(read.reason);
    return isOpen(read.schedule, Date.parse(at));
  }

  test('extends past midnight, in its own time zone', () => {
    const night = '20:00-06:00 Asia/Shanghai';
    expect(openAt(night, '2026-11-24T11:59:00Z')).toBe(false);
    expect(openAt(night, '2026-11-24T12:00:00Z')).toBe(true);
    expect(openAt(night, '2026-11-24T21:59:59Z')).toBe(true);
    expect(openAt(night, '2026-11-24T22:00:00Z')).toBe(false);
  });

  test('follows clock changes of its time zone', () => {
    expect(openAt('09:00-17:00 Europe/Berlin', '2026-07-01T07:30:00Z')).toBe(true);
    expect(openAt('09:00-17:00 Europe/Berlin', '2026-12-01T07:30:00Z')).toBe(false);
    expect(openAt('00:00-24:00 UTC'.replace('24:00', '12:00'), '2026-12-01T00:00:00Z')).toBe(true);
  });

  test.each(['20:00', '25:00-06:00 UTC', '20:00-20:00 UTC', '00:00-24:00 UTC', '20:00-06:61 UTC', '20:00-06:00'])(
    '%j is rejected with a reason',
    (text) => {
      expect(parseSchedule(text)).toEqual({ ok: false, reason: expect.stringMatching(/\w/) });
    },
  );
});

const NONE = { invalid: 0, running: 0, attention: 0, succeeded: 0, failed: 0, cancelled: 0 };

function counts(given: Partial<BatchCounts>): BatchCounts {
  const all = { ...NONE, waiting: 0, ...given };
  const total = all.invalid + all.waiting + all.running + all.attention + all.succeeded + all.failed + all.cancelled;
  return { ...all, total, fresh: given.fresh ?? all.waiting };
}

const NOON = Date.parse('2026-11-24T12:00:00Z');

describe('a batch', () => {
  test('starts imports up to its concurrency', () => {
    expect(admit(policy({ concurrency: 10 }), counts({ waiting: 90, running: 7 }), 0, NOON)).toMatchObject({
      kind: 'start',
      room: 3,
    });
    expect(admit(policy({ concurrency: 10 }), counts({ waiting: 90, running: 10 }), 0, NOON)).toEqual({
      kind: 'wait',
      reason: null,
    });
  });

  test('is done when no item waits and no import is running', () => {
    expect(admit(policy(), counts({ succeeded: 3, failed: 1 }), 0, NOON)).toEqual({ kind: 'done' });
    expect(admit(policy(), counts({ succeeded: 3, attention: 1 }), 0, NOON)).toEqual({ kind: 'wait', reason: null });
  });

  test('starts only the canary wave first, and continues when it has succeeded', () => {
    const canary = policy({ canary: 5, concurrency: 50 });
    expect(admit(canary, counts({ waiting: 100 }), 0, NOON)).toMatchObject({ kind: 'start', fresh: 5 });
    expect(admit(canary, counts({ waiting: 97, running: 3 }), 0, NOON)).toMatchObject({ kind: 'start', fresh: 2 });
    expect(admit(canary, counts({ waiting: 95, running: 5 }), 0, NOON)).toMatchObject({
      kind: 'wait',
      reason: { code: 'Batch.Wave' },
    });
    expect(admit(canary, counts({ waiting: 95, succeeded: 5 }), 0, NOON)).toMatchObject({
      kind: 'start',
      fresh: Number.MAX_SAFE_INTEGER,
    });
  });

  test('stops after a failed canary wave until it is resumed', () => {
    const canary = policy({ canary: [5, 20] });
    const failed = counts({ waiting: 95, succeeded: 4, failed: 1 });
    expect(admit(canary, failed, 0, NOON)).toMatchObject({ kind: 'hold', reason: { code: 'Batch.CanaryFailed' } });
    expect(admit(canary, failed, 1, NOON)).toMatchObject({ kind: 'start', fresh: 20 });
    // A retried item is not limited by the wave.
    const retried = counts({ waiting: 96, fresh: 95, succeeded: 4 });
    expect(admit(canary, retried, 0, NOON)).toMatchObject({ kind: 'start', fresh: 20 });
  });

  test('stops when failures exceed the error budget; after resume they no longer count', () => {
    const budget = policy({ errorBudget: '2%' });
    expect(admit(budget, counts({ waiting: 90, succeeded: 8, failed: 2 }), 0, NOON)).toMatchObject({ kind: 'start' });
    const over = counts({ waiting: 90, succeeded: 7, failed: 3 });
    expect(admit(budget, over, 0, NOON)).toMatchObject({ kind: 'hold', reason: { code: 'Batch.ErrorBudgetSpent' } });
    expect(admit(budget, over, 3, NOON)).toMatchObject({ kind: 'start' });
  });

  test('starts no imports while as many are in attention as the attention budget allows', () => {
    const few = policy({ concurrency: 10, attentionBudget: 3 });
    expect(admit(few, counts({ waiting: 90, attention: 2 }), 0, NOON)).toMatchObject({ kind: 'start', room: 10 });
    expect(admit(few, counts({ waiting: 90, attention: 3 }), 0, NOON)).toMatchObject({
      kind: 'wait',
      reason: { code: 'Batch.AttentionBudgetSpent' },
    });
  });

  test('starts no imports outside its schedule, and reports when the next ones start', () => {
    const night = policy({ schedule: '20:00-06:00 UTC' });
    expect(admit(night, counts({ waiting: 9 }), 0, NOON)).toMatchObject({
      kind: 'wait',
      reason: { code: 'Batch.ScheduleClosed', remedy: expect.stringContaining('20:00') },
    });
    expect(admit(night, counts({ waiting: 9 }), 0, Date.parse('2026-11-24T21:00:00Z'))).toMatchObject({
      kind: 'start',
    });
  });
});
