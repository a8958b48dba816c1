import { describe, expect, test } from 'vitest';
import { type InspectedSettings, settleImage } from '../../domain/image-settings.js';
import { acceptedWith, type Fields } from '../support/domain/requests.js';

const NOTHING: InspectedSettings = {
  architecture: null,
  bootMode: null,
  osType: null,
  platform: null,
  nvmeSupport: null,
};
const DEBIAN: InspectedSettings = {
  architecture: 'x86_64',
  bootMode: 'UEFI',
  osType: 'linux',
  platform: 'Debian',
  nvmeSupport: 'supported',
};
const WINDOWS: InspectedSettings = { ...DEBIAN, osType: 'windows', platform: 'Windows Server 2019' };

const settle = (changes: Fields, seen: InspectedSettings | null) => settleImage(acceptedWith(changes), seen);

describe('the image settings', () => {
  test('come from the image if the request does not set them', () => {
    const { settings, finding, problems } = settle({}, DEBIAN);
    expect(settings).toEqual(DEBIAN);
    expect(problems).toEqual([]);
    expect(finding).toMatchObject({ severity: 'info', code: 'ECSIMPORT.Settings' });
    expect(finding.message).toBe(
      'Settings from the image: architecture x86_64, osType linux, platform Debian, bootMode UEFI, features.nvmeSupport supported',
    );
  });

  test('come from the request first', () => {
    const asked = {
      architecture: 'i386',
      bootMode: 'BIOS',
      platform: 'Others Linux',
      features: { nvmeSupport: 'unsupported' },
    };
    const { settings, finding } = settle(asked, DEBIAN);
    expect(settings).toEqual({
      architecture: 'i386',
      bootMode: 'BIOS',
      osType: 'linux',
      platform: 'Others Linux',
      nvmeSupport: 'unsupported',
    });
    expect(finding.evidence).toContain('architecture i386');
  });

  test.each([null, NOTHING])(
    'are the cloud’s defaults if neither sets them, and the finding reports these defaults (%j)',
    (seen) => {
      const { settings, finding } = settle({}, seen);
      expect(settings).toEqual(NOTHING);
      expect(finding.message).toBe(
        'Settings from the cloud’s defaults: architecture (x86_64), osType (linux), platform (Others Linux), bootMode (BIOS), features.nvmeSupport (unsupported)',
      );
    },
  );

  test.each([
    ['the request', { architecture: 'arm64' }, { ...NOTHING, bootMode: 'BIOS' }],
    ['the image', {}, { ...NOTHING, architecture: 'arm64' }],
  ])('is UEFI for an arm64 that %s names', (_, changes, seen) => {
    const { settings, finding, problems } = settle(changes, seen);
    expect(settings).toMatchObject({ architecture: 'arm64', bootMode: 'UEFI' });
    expect(finding.message).toContain('derived from other settings: bootMode UEFI');
    expect(problems).toEqual([]);
  });

  test('derive osType from the platform of the image', () => {
    expect(settle({ licenseType: 'BYOL' }, { ...NOTHING, platform: 'Other Windows' }).settings.osType).toBe('windows');
  });

  test('ignore a platform of the image that contradicts the osType of the request', () => {
    expect(settle({ osType: 'linux' }, WINDOWS).settings.platform).toBeNull();
  });
});

describe('a rule that applies because of the image', () => {
  test.each([
    ['Windows without a license', {}, WINDOWS, 'licenseType', 'InvalidLicenseType.NotSupported'],
    [
      'the cloud’s license for a Windows version that it does not cover',
      { licenseType: 'Aliyun' },
      { ...WINDOWS, platform: 'Other Windows' },
      'licenseType',
      'InvalidLicenseType.BYOLOnly',
    ],
    [
      'BIOS for an image that is arm64',
      { bootMode: 'BIOS' },
      { ...NOTHING, architecture: 'arm64' },
      'bootMode',
      'InvalidBootMode.NotSupport',
    ],
    [
      'Windows on arm64',
      { licenseType: 'BYOL' },
      { ...WINDOWS, architecture: 'arm64' },
      'architecture',
      'InvalidArchitecture.PlatformUnsupported',
    ],
  ])('rejects %s', (_, changes, seen, path, vendorCode) => {
    expect(settle(changes, seen).problems).toMatchObject([{ path, vendorCode }]);
  });
});
