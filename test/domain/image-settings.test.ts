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

describe('what the cloud is told of the image', () => {
  test('is what the image shows, where the request leaves it open', () => {
    const { settings, finding, problems } = settle({}, DEBIAN);
    expect(settings).toEqual(DEBIAN);
    expect(problems).toEqual([]);
    expect(finding).toMatchObject({ severity: 'info', code: 'ECSIMPORT.Settings' });
    expect(finding.message).toBe(
      'Settings from the image: architecture x86_64, osType linux, platform Debian, bootMode UEFI, features.nvmeSupport supported',
    );
  });

  test('is what the request says first of all', () => {
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
    'is left to the cloud where nothing tells, and what the cloud takes is said (%j)',
    (seen) => {
      const { settings, finding } = settle({}, seen);
      expect(settings).toEqual(NOTHING);
      expect(finding.message).toBe(
        'Settings left to the cloud’s defaults: architecture (x86_64), osType (linux), platform (Others Linux), bootMode (BIOS), features.nvmeSupport (unsupported)',
      );
    },
  );

  test.each([
    ['the request', { architecture: 'arm64' }, { ...NOTHING, bootMode: 'BIOS' }],
    ['the image', {}, { ...NOTHING, architecture: 'arm64' }],
  ])('is UEFI for an arm64 that %s names', (_, changes, seen) => {
    const { settings, finding, problems } = settle(changes, seen);
    expect(settings).toMatchObject({ architecture: 'arm64', bootMode: 'UEFI' });
    expect(finding.message).toContain('derived from the others: bootMode UEFI');
    expect(problems).toEqual([]);
  });

  test('is the system that the image’s platform implies', () => {
    expect(settle({ licenseType: 'BYOL' }, { ...NOTHING, platform: 'Other Windows' }).settings.osType).toBe('windows');
  });

  test('is no platform of another system than the request names', () => {
    expect(settle({ osType: 'linux' }, WINDOWS).settings.platform).toBeNull();
  });
});

describe('a rule that only the image brings into play', () => {
  test.each([
    ['Windows without a licence', {}, WINDOWS, 'licenseType', 'InvalidLicenseType.NotSupported'],
    [
      'a licence for what turns out a Linux',
      { licenseType: 'BYOL' },
      DEBIAN,
      'licenseType',
      'InvalidLicenseType.NotSupported',
    ],
    [
      'the cloud’s licence for a Windows that it has none for',
      { licenseType: 'Aliyun' },
      { ...WINDOWS, platform: 'Other Windows' },
      'licenseType',
      'InvalidLicenseType.BYOLOnly',
    ],
    [
      'BIOS for what turns out arm64',
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
  ])('refuses %s', (_, changes, seen, path, vendorCode) => {
    expect(settle(changes, seen).problems).toMatchObject([{ path, vendorCode }]);
  });
});
