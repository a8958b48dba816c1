/** What happens when the image is available: the boot mode that ImportImage does not know, and which instances start it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createWatchImport } from '../../activities/watch-import.js';
import type { ImportRequest } from '../../domain/request/request.js';
import { activityRunner, FakeCloud, HOME, REQUEST, SOURCE } from '../support/activities/distribution-cloud.js';

const CURRENT = ['ecs.c9i', 'ecs.g9i', 'ecs.r9i'];
const OLD = ['ecs.g6', 'ecs.g7', 'ecs.g8i'];

let cloud: FakeCloud;
let runner: ReturnType<typeof activityRunner>;

beforeEach(() => {
  cloud = new FakeCloud();
  runner = activityRunner(cloud);
  cloud.families = { ofImage: [...OLD, ...CURRENT], ofRegion: [...OLD, ...CURRENT, 'ecs.g8y', 'ecs.gn7i'] };
});

const watch = (request: Partial<ImportRequest> = {}) =>
  runner.run(
    createWatchImport(runner.deps),
    { importId: 'imp-1', step: 5, attempt: 1, request: { ...REQUEST, ...request } },
    SOURCE,
  );
const image = () => cloud.in(HOME).get('m-source');
const calls = (action: string) => cloud.said.filter((said) => said.startsWith(action)).length;
const finding = (code: string) => runner.findings.find((one) => one.code === code);

describe('bootMode UEFI-Preferred', () => {
  const asked = { bootMode: 'UEFI-Preferred' };

  test('→ set when the image is available, once', async () => {
    await watch(asked);
    await watch(asked);
    expect(image()?.attributes.bootMode).toBe('UEFI-Preferred');
    expect(calls('ModifyImageAttribute')).toBe(1);
  });

  test('that is not requested → no call', async () => {
    await watch({ bootMode: 'UEFI' });
    expect(calls('ModifyImageAttribute')).toBe(0);
  });

  test.each([
    ['lost before', () => (cloud.refuse = (action) => (action === 'ModifyImageAttribute' ? 'ECONNRESET' : null))],
    ['lost after', () => (cloud.loseAnswer = (action) => action === 'ModifyImageAttribute')],
  ])('with a call that is %s → set by the next attempt', async (_when, lose) => {
    lose();
    await expect(watch(asked)).rejects.toMatchObject({ type: 'transient' });
    cloud.refuse = () => null;
    cloud.loseAnswer = () => false;
    await watch(asked);
    expect(image()?.attributes.bootMode).toBe('UEFI-Preferred');
  });

  test('without the permission → attention; after a refusal → a warning, and the import continues', async () => {
    let code = 'Forbidden.RAM';
    cloud.refuse = (action) => (action === 'ModifyImageAttribute' ? code : null);
    await expect(watch(asked)).rejects.toMatchObject({ type: 'attention' });
    code = 'InvalidBootMode.NotSupport';
    await watch(asked);
    expect(finding('ECSIMPORT.DualBootMode')).toMatchObject({
      severity: 'warning',
      remedy: expect.stringContaining('--BootMode UEFI-Preferred'),
    });
  });
});

describe('the instance families', () => {
  const families = () => finding('ECSIMPORT.InstanceFamilies');

  test('that start the image → info with their names', async () => {
    await watch();
    expect(families()).toMatchObject({
      severity: 'info',
      message: 'Image m-source starts on 6 instance families in cn-hangzhou',
      evidence: expect.stringContaining('ecs.c9i'),
    });
  });

  test('of which current ones do not start an image without NVMe support → warning with the command', async () => {
    cloud.families.ofImage = OLD;
    await watch();
    expect(families()).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining('ecs.c9i, ecs.g9i, ecs.r9i'),
      remedy: expect.stringContaining('--ImageId m-source --Features.NvmeSupport supported'),
    });
  });

  test('that do not start an image with NVMe support → warning that does not blame NVMe', async () => {
    cloud.families.ofImage = OLD;
    Object.assign(image() ?? {}, { attributes: { ...cloud.plain, nvmeSupport: 'supported' } });
    await watch();
    expect(families()).toMatchObject({ severity: 'warning', remedy: expect.not.stringContaining('NVMe') });
  });

  test('of another architecture do not count: arm64 → compared with arm64 families', async () => {
    cloud.families.ofImage = ['ecs.g8y'];
    Object.assign(image() ?? {}, { attributes: { ...cloud.plain, architecture: 'arm64' } });
    await watch();
    expect(families()).toMatchObject({ severity: 'info' });
  });

  test('of which none starts the image → warning', async () => {
    cloud.families.ofImage = [];
    await watch();
    expect(families()).toMatchObject({ severity: 'warning', message: expect.stringContaining('no instance family') });
  });

  test.each(['Forbidden.RAM', 'InvalidApi.NotFound', 'ServiceUnavailable', 'Throttling.User', 'SomethingNew'])(
    'after the answer %s → not verified, and the import continues',
    async (code) => {
      cloud.refuse = (action) => (action === 'DescribeImageSupportInstanceTypes' ? code : null);
      await watch();
      expect(families()).toMatchObject({
        severity: 'info',
        message: expect.stringContaining('not verified'),
        evidence: expect.stringContaining(code),
      });
    },
  );

  test('of a region that the caller may not list → those of the image, without a comparison', async () => {
    cloud.families.ofImage = OLD;
    cloud.refuse = (action) => (action === 'DescribeInstanceTypeFamilies' ? 'Forbidden.RAM' : null);
    await watch();
    expect(families()).toMatchObject({ severity: 'info', evidence: expect.stringContaining('are not known') });
  });

  test('after one lost answer → asked again', async () => {
    let lost = 1;
    cloud.refuse = (action) => (action === 'DescribeImageSupportInstanceTypes' && lost-- > 0 ? 'ECONNRESET' : null);
    await watch();
    expect(families()).toMatchObject({ message: expect.stringContaining('starts on 6') });
  });

  test('of a call without an answer → not verified after the limit', async () => {
    cloud.silent = 'DescribeImageSupportInstanceTypes';
    Object.assign(runner.deps.settings, { patienceMs: 50 });
    await watch();
    expect(families()).toMatchObject({ evidence: expect.stringContaining('no answer within') });
  });
});
