/** The results of the cloud's detection, each with the vendor's fix. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createDetect } from '../../activities/detect.js';
import type { DetectionItem } from '../../alibaba/ecs-api.js';
import { fixOf } from '../../domain/detection-items.js';
import { activityRunner, FakeCloud, HOME, REQUEST, SOURCE } from '../support/activities/distribution-cloud.js';

let cloud: FakeCloud;
let runner: ReturnType<typeof activityRunner>;

beforeEach(() => {
  cloud = new FakeCloud();
  runner = activityRunner(cloud);
});

async function detect(item: Partial<DetectionItem>, platform = 'Debian') {
  const items = [{ name: 'GUESTOS.Virtio', value: 'No', riskLevel: 'High', riskCode: null, ...item }];
  Object.assign(cloud.in(HOME).get('m-source') ?? {}, { platform, detection: { status: 'Finished', items } });
  const request = { ...REQUEST, detection: { strategy: 'Standard', wait: true, failOn: 'never' } as const };
  await runner.run(createDetect(runner.deps), { importId: 'imp-1', step: 6, attempt: 1, request }, SOURCE);
  return runner.findings[0];
}

const LINUX = [
  ...['Platform', 'OSVersion', 'Architecture', 'RtcTimeMode', 'BootMode', 'KernelVersion', 'Virtio', 'Nvme', 'Fstab'],
  ...['Grub', 'Dhcp', 'Selinux', 'OnlineResizeFS', 'SystemImage', 'CloudAssistant', 'CloudInit'],
  ...['SecurityCenterAgent', 'SupportMocInstanceTypes'],
];
const WINDOWS = [
  ...['Platform', 'OSVersion', 'Architecture', 'KernelVersion', 'Virtio', 'BCD', 'Registry', 'Hotfix', 'Disk'],
  ...['Sysprep', 'Update', 'Xen', 'CloudAssistant', 'Server', 'DesktopConfig', 'BootMgr'],
];

describe('an item of the vendor’s list', () => {
  test.each([...LINUX.map((name) => ['linux', name] as const), ...WINDOWS.map((name) => ['windows', name] as const)])(
    '%s %s → what it checks; a fix unless the vendor names none',
    (osType, name) => {
      const known = fixOf(`GUESTOS.${name}`, osType);
      expect(known?.checks).toMatch(/^(the |whether |patches |drivers |remaining |services)/);
      const hasFix = !['OSVersion', 'KernelVersion'].includes(name);
      expect(known?.fix ?? '.').toMatch(/\.$/);
      expect(known?.fix === null).toBe(!hasFix);
    },
  );

  test('of Linux that the cloud can repair → fix, and the page that repairs this image', async () => {
    expect(await detect({ name: 'GUESTOS.Fstab', riskCode: 'Fstab.Wrong' })).toMatchObject({
      severity: 'blocking',
      message: expect.stringContaining('Fstab.Wrong. The item checks the devices in /etc/fstab'),
      remedy: expect.stringMatching(
        /configure-uuids-in-the-fstab.*m-source.*repair item fstab: https:\/\/oos\.console\.aliyun\.com\/cn-hangzhou\/execution\/create\/ACS-ECS-RepairImage\.$/,
      ),
    });
  });

  test('of Windows → its own fix, without the repair, which is for Linux', async () => {
    const found = await detect({ name: 'GUESTOS.Hotfix' }, 'Windows Server 2019');
    for (const patch of ['KB5009624', 'KB5014678', 'KB3033929']) expect(found?.remedy).toContain(patch);
    expect(found?.remedy).not.toContain('RepairImage');
    expect((await detect({}, 'Windows Server 2019'))?.remedy).toContain('install-the-virtio-driver-1');
  });

  test.each(['NVMe.NotInstallded', 'NVMe.NotInstalled'])(
    'with risk code %s and the short name → the same finding',
    async (riskCode) => {
      expect(await detect({ name: 'Nvme', riskCode })).toMatchObject({
        message: expect.stringContaining('reports NVMe.NotInstalled.'),
        remedy: expect.stringContaining('repair item nvme'),
      });
    },
  );
});

test('an unknown item with a risk → a warning or worse, with the vendor’s list; a risk without a level counts', async () => {
  const found = await detect({ name: 'GUESTOS.New', riskLevel: null, riskCode: 'New.Code' });
  expect(found).toMatchObject({ severity: 'warning', remedy: expect.stringContaining('overview-18') });
});

test('tags that the cloud has added → shown', async () => {
  const tags = { 'acs:ecs:image:osVersion': 'Debian 12', 'ecs-image-import': 'imp-1' };
  Object.assign(cloud.in(HOME).get('m-source') ?? {}, { tags });
  await detect({ riskLevel: null, value: 'Yes' });
  expect(runner.findings).toContainEqual(
    expect.objectContaining({ code: 'ECSIMPORT.CloudTags', evidence: 'acs:ecs:image:osVersion=Debian 12' }),
  );
});
