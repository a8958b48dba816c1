/** An activity runs only for a workflow of this service: a foreign client chooses neither its type nor its input. */
import type { Context, Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { NOT_STARTED_HERE, open, seal } from '../../domain/sealed.js';
import { refuseForeignActivities } from '../../workers/payload-interceptor.js';

const OLD = 'import/imp-old';
const next = vi.fn(async ({ args }: { readonly args: readonly unknown[] }): Promise<unknown> => args[0]);
beforeEach(() => void next.mockClear());

/** The result, or the reason of the refusal. */
async function run(activityType: string, workflowId: string | null, args: readonly unknown[]): Promise<unknown> {
  const workflowExecution = workflowId === null ? undefined : { workflowId, runId: 'r' };
  const info = { activityType, workflowExecution } as Info;
  const factory = refuseForeignActivities(async (id) => id === OLD);
  const execute = factory({ info } as Context).inbound?.execute;
  try {
    return await execute?.({ args: [...args], headers: {} }, next);
  } catch (error) {
    expect(error).toMatchObject({ type: NOT_STARTED_HERE, nonRetryable: true });
    expect(next).not.toHaveBeenCalled();
    return error instanceof ApplicationFailure ? error.message : error;
  }
}
const sealed = (name: string, args: readonly unknown[]) => seal({ kind: 'activity', name }, args, { call: 'c1' });

test('a sealed input → runs with the input, and its result names the call', async () => {
  const result = await run('upload', 'import/imp-1', [sealed('upload', [{ importId: 'imp-1' }, undefined])]);
  expect(next.mock.calls[0]?.[0].args).toEqual([{ importId: 'imp-1' }]);
  expect(open({ kind: 'result', name: 'upload' }, [result])).toMatchObject({
    ...{ kind: 'sealed', args: [{ importId: 'imp-1' }], call: { call: 'c1' } },
  });
});

test('no result → stays absent', async () => {
  next.mockResolvedValueOnce(undefined);
  const result = await run('setUpRole', 'import/imp-1', [sealed('setUpRole', [])]);
  expect(open({ kind: 'result', name: 'setUpRole' }, [result])).toMatchObject({ args: [] });
});

describe('refused', () => {
  const input = { importId: 'imp-1' };
  test.each([
    ['an activity without a workflow', 'upload', null, [sealed('upload', [input])], 'no workflow has scheduled it'],
    ['the input of another activity', 'cleanUp', 'import/imp-1', [sealed('upload', [input])], 'for activity upload'],
    ['a start as an input', 'upload', OLD, [seal({ kind: 'start', name: 'upload' }, [input])], 'for start upload'],
    ['a plain input', 'upload', 'import/imp-1', [input], 'not encrypted'],
    ['no input', 'checkLate', 'late-checks', [], 'not encrypted'],
    ['a refused payload', 'upload', OLD, [{ sealed: 'refused', reason: 'changed' }], 'changed'],
    ['a sealed and another input', 'upload', OLD, [sealed('upload', [input]), input], 'for activity upload'],
    ['a plain input of another import', 'upload', OLD, [input], 'not encrypted'],
    ['a plain sweep in an old workflow', 'sweepOrphans', OLD, [{ importId: 'imp-old', delete: true }], 'not encrypted'],
    ['a plain inspection in an old workflow', 'inspectFile', OLD, [{ importId: 'imp-old' }], 'not encrypted'],
  ])('%s', async (_, activity, workflowId, args, reason) => {
    expect(await run(activity, workflowId, args)).toContain(reason);
  });
});

test('a plain input of an import from before the encryption → runs, and its result is plain', async () => {
  expect(await run('upload', OLD, [{ importId: 'imp-old' }])).toEqual({ importId: 'imp-old' });
  expect(await run('noteCancel', OLD, ['imp-old', { keepImage: false }])).toBe('imp-old');
});
