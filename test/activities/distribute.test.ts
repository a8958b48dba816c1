/** Copies in other regions and sharing: once each, found again after any crash, and gone when the import is. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createCleanUp } from '../../activities/clean-up.js';
import { createDistribute } from '../../activities/distribute.js';
import type { Ending, StepInput } from '../../domain/plan.js';
import type { ImportRequest } from '../../domain/request/request.js';
import { activityRunner, FakeCloud, HOME, REQUEST, SOURCE } from '../support/activities/distribution-cloud.js';

let cloud: FakeCloud;
let runner: ReturnType<typeof activityRunner>;

beforeEach(() => {
  cloud = new FakeCloud();
  runner = activityRunner(cloud);
});

const inputFor = (request: Partial<ImportRequest> = {}, attempt = 1): StepInput => ({
  ...{ importId: 'imp-1', step: 7, attempt },
  request: { ...REQUEST, ...request },
});
const distribute = (request: Partial<ImportRequest> = {}, attempt = 1) =>
  runner.run(createDistribute(runner.deps), inputFor(request, attempt), SOURCE);
const cleanUp = (ending: Partial<Ending> = {}, request: Partial<ImportRequest> = {}) =>
  runner.run(createCleanUp(runner.deps), inputFor(request), {
    ...{ outcome: 'cancelled', error: null, keepImage: false, ...ending },
  });
const told = (code: string) => ({ type: 'attention', details: [expect.objectContaining({ code })] });
const copiesOfLedger = () =>
  runner.ledger
    .filter(({ kind }) => kind === 'copy')
    .map(({ regionId, status, detail }) => [regionId, status, detail.imageId]);

describe('copies', () => {
  test('one in each region, with the name, the tags and a token of its own, done when all are available', async () => {
    await distribute();
    expect(cloud.copies).toEqual([
      expect.objectContaining({ from: HOME, imageId: 'm-source', toRegion: 'cn-beijing', imageName: 'web-01' }),
      expect.objectContaining({ toRegion: 'cn-shanghai', tags: { team: 'web', 'ecs-image-import': 'imp-1' } }),
    ]);
    expect(new Set(cloud.copies.map(({ clientToken }) => clientToken)).size).toBe(2);
    expect([...cloud.in('cn-beijing').values()]).toMatchObject([{ status: 'Available' }]);
    expect([...runner.copies.keys()].sort()).toEqual(['cn-beijing', 'cn-shanghai']);
    expect(copiesOfLedger()).toEqual([
      ['cn-beijing', 'created', 'm-copy-1'],
      ['cn-shanghai', 'created', 'm-copy-2'],
    ]);
  });

  test('are written down before the call that makes them', async () => {
    cloud.refuse = (action) => (action === 'CopyImage' ? 'ECONNRESET' : null);
    await expect(distribute()).rejects.toMatchObject({ type: 'transient' });
    expect(copiesOfLedger()).toEqual([
      ['cn-beijing', 'intended', undefined],
      ['cn-shanghai', 'intended', undefined],
    ]);
  });

  test('a lost answer makes one copy, not two', async () => {
    cloud.loseAnswer = (_action, region) => region === 'cn-beijing';
    await expect(distribute()).rejects.toMatchObject({ type: 'transient' });
    cloud.loseAnswer = () => false;
    await distribute();
    expect(cloud.ids('cn-beijing')).toHaveLength(1);
    expect(cloud.copies.filter(({ toRegion }) => toRegion === 'cn-beijing')).toHaveLength(1);
    expect(runner.copies.size).toBe(2);
  });

  test('another run of the same step asks for nothing again', async () => {
    await distribute();
    const calls = cloud.said.length;
    await distribute();
    expect(cloud.said).toHaveLength(calls);
  });

  test('wait until the source itself is available', async () => {
    const source = cloud.in(HOME).get('m-source');
    if (source === undefined) throw new Error('there is no source');
    Object.assign(source, { status: 'Creating' });
    cloud.refuse = (action) =>
      action === 'CopyImage' && source.status !== 'Available' ? 'IncorrectImageStatus' : null;
    await distribute();
    expect(cloud.copies).toHaveLength(2);
  });

  test('wait as long as the source is being copied elsewhere', async () => {
    let refusals = 3;
    cloud.refuse = (action) => (action === 'CopyImage' && refusals-- > 0 ? 'OperationDenied.ImageCopying' : null);
    await distribute();
    expect(cloud.copies).toHaveLength(2);
  });

  test('get their tags also where the cloud forgot them', async () => {
    cloud.dropsTags = true;
    await distribute();
    expect([...cloud.in('cn-shanghai').values()]).toMatchObject([
      { tags: { team: 'web', 'ecs-image-import': 'imp-1' } },
    ]);
  });

  test('the import’s own region is none to copy to', async () => {
    await distribute({ distribute: { regions: [HOME], shareWith: [] } });
    expect(cloud.copies).toEqual([]);
  });
});

describe('what goes wrong with a copy', () => {
  test('asks a person, who can go on without the region: the image itself is not thrown away', async () => {
    cloud.refuse = (action) => (action === 'CopyImage' ? 'RegionNotSupportCopy' : null);
    await expect(distribute({ distribute: { regions: ['cn-beijing'], shareWith: [] } })).rejects.toMatchObject({
      ...told('RegionNotSupportCopy'),
      details: [expect.objectContaining({ remedy: expect.stringContaining("--set 'distribute.regions=[]'") })],
    });
    expect(copiesOfLedger()).toEqual([['cn-beijing', 'removed', undefined]]);
    cloud.refuse = () => null;
    await distribute({ distribute: { regions: [], shareWith: [] } }, 2);
    expect(cloud.ids(HOME)).toEqual(['m-source']);
  });

  test('one that fails is deleted, and made anew under another token when resumed', async () => {
    cloud.copyEnds = (region) => (region === 'cn-beijing' ? 'CreateFailed' : 'Available');
    await expect(distribute()).rejects.toMatchObject(told('Copy.Failed'));
    expect(cloud.ids('cn-beijing')).toEqual([]);
    cloud.copyEnds = () => 'Available';
    await distribute();
    expect(cloud.ids('cn-beijing')).toHaveLength(1);
    expect(cloud.ids('cn-shanghai')).toHaveLength(1);
    const tokens = cloud.copies
      .filter(({ toRegion }) => toRegion === 'cn-beijing')
      .map(({ clientToken }) => clientToken);
    expect(new Set(tokens).size).toBe(2);
  });

  test('one that failed is not in the record of a cancelled import, also where the process died once the ledger had closed it', async () => {
    cloud.copyEnds = (region) => (region === 'cn-beijing' ? 'CreateFailed' : 'Available');
    const { recordCopy } = runner.deps.store;
    const dying: typeof recordCopy = async (step, entry, copy) => {
      await recordCopy(step, entry, copy);
      if (entry.status === 'removed') throw new Error('the process is dead');
    };
    Object.assign(runner.deps.store, { recordCopy: dying });
    await expect(distribute()).rejects.toThrow('the process is dead');
    Object.assign(runner.deps.store, { recordCopy });
    await cleanUp();
    expect([...runner.copies]).toEqual([]);
  });

  test('an image of the same name and another import’s tag is never taken for ours', async () => {
    cloud.put('cn-beijing', 'm-theirs', 'Available', { 'ecs-image-import': 'imp-2' });
    cloud.loseAnswer = (_action, region) => region === 'cn-beijing';
    await expect(distribute()).rejects.toMatchObject({ type: 'transient' });
    await cleanUp();
    expect(cloud.ids('cn-beijing')).toEqual(['m-theirs']);
  });

  test('a source that somebody deleted fails the import', async () => {
    cloud.in(HOME).clear();
    await expect(distribute()).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Import.ImageGone' })],
    });
  });
});

describe('sharing', () => {
  const shareWith = ['1000000000000002', '1000000000000003'];

  test('gives image and copies to the accounts, and asks nothing again', async () => {
    await distribute({ distribute: { regions: ['cn-beijing'], shareWith } });
    await distribute({ distribute: { regions: ['cn-beijing'], shareWith } });
    for (const region of [HOME, 'cn-beijing']) {
      expect([...cloud.in(region).values()].map(({ shared }) => shared)).toEqual([shareWith]);
    }
  });

  test('with an account that does not exist asks a person', async () => {
    cloud.refuse = (action) => (action === 'ModifyImageSharePermission' ? 'InvalidAccount.NotFound' : null);
    await expect(distribute({ distribute: { regions: [], shareWith } })).rejects.toMatchObject(
      told('InvalidAccount.NotFound'),
    );
  });
});

describe('cleanup', () => {
  const image = () =>
    runner.store.record(
      { importId: 'imp-1', version: 1, phase: 'import' },
      { kind: 'image', key: 'web-01', regionId: HOME, status: 'created', detail: { imageId: 'm-source' } },
    );

  test('of a cancelled import cancels copies under way, deletes finished ones, ends sharing, and leaves nothing', async () => {
    await image();
    cloud.copyLooks = Number.POSITIVE_INFINITY;
    cloud.copyEnds = () => 'Available';
    const environment = runner.environment();
    cloud.loseAnswer = () => {
      if (cloud.copies.length === 2) environment.cancel();
      return false;
    };
    const input = inputFor();
    await expect(environment.run(createDistribute(runner.deps), input, SOURCE)).rejects.toThrow();
    cloud.in(HOME).get('m-source')?.shared.push('1000000000000002');
    const finished = [...cloud.in('cn-shanghai').values()][0];
    Object.assign(finished ?? {}, { status: 'Available', shared: ['1000000000000002'] });

    await cleanUp();
    expect([HOME, 'cn-beijing', 'cn-shanghai'].flatMap((region) => cloud.ids(region))).toEqual([]);
    expect(cloud.said).toContain('CancelCopyImage cn-beijing');
    expect(cloud.said).not.toContain('CancelCopyImage cn-shanghai');
    expect(runner.copies.size).toBe(0);
    expect(runner.ledger.map(({ status }) => status)).toEqual(['removed', 'removed', 'removed']);
    expect(runner.finished()).toBe('cancelled');
  });

  test('finds a copy whose answer was lost', async () => {
    await image();
    cloud.loseAnswer = () => true;
    await expect(distribute()).rejects.toMatchObject({ type: 'transient' });
    await cleanUp({ outcome: 'failed' });
    expect([HOME, 'cn-beijing', 'cn-shanghai'].flatMap((region) => cloud.ids(region))).toEqual([]);
  });

  test('of a succeeded import keeps the copies, but not one to a region that was given up', async () => {
    await image();
    await distribute();
    await cleanUp({ outcome: 'succeeded' }, { distribute: { regions: ['cn-beijing'], shareWith: [] } });
    expect(cloud.ids('cn-beijing')).toHaveLength(1);
    expect(cloud.ids('cn-shanghai')).toEqual([]);
    expect([...runner.copies.keys()]).toEqual(['cn-beijing']);
    expect(copiesOfLedger().map(([region, status]) => [region, status])).toEqual([
      ['cn-beijing', 'kept'],
      ['cn-shanghai', 'removed'],
    ]);
  });

  test('of a cancelled import that asks to keep what is finished keeps finished copies', async () => {
    await image();
    await distribute();
    await cleanUp({ keepImage: true });
    expect([HOME, 'cn-beijing', 'cn-shanghai'].flatMap((region) => cloud.ids(region))).toHaveLength(3);
  });
});
