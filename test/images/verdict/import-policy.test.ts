/** Blocking findings and contradictions stop an import before the upload, unless the request overrides them. */
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../domain/import.js';
import type { ImportRequest } from '../../../domain/request/request.js';
import { contradictions, refused } from '../../../images/verdict/import-policy.js';
import { DEMO, inspectPath } from '../../support/images/made-images.js';

const REQUEST: ImportRequest = {
  region: 'cn-hangzhou',
  imageName: 'web-01',
  disks: [{ source: 'file:///images/web-01.qcow2' }],
  tags: {},
  upload: { bucket: 'b', prefix: '', convert: 'auto', keepObject: false },
  role: 'ensure',
  detection: { strategy: 'Standard', wait: true, failOn: 'blocking' },
  distribute: { regions: [], shareWith: [] },
  dryRun: false,
};
const finding = (severity: Finding['severity']): Finding => ({
  code: `GUESTOS.${severity}`,
  severity,
  message: 'what',
  evidence: '/etc/fstab:3',
  remedy: 'fix it.',
  source: 'inspection',
  disk: 2,
});
const ALL = [finding('info'), finding('warning'), finding('blocking')];
const codes = (request: ImportRequest) => refused(ALL, request).map(({ code }) => code);

describe('a finding', () => {
  test('that is blocking → the import fails; the failure names the disk, the reason and the override', () => {
    expect(refused(ALL, REQUEST)).toEqual([
      {
        code: 'GUESTOS.blocking',
        class: 'request',
        message: 'what (/etc/fstab:3)',
        remedy: 'fix it.',
        overridable: true,
        field: 'disks[1]',
      },
    ]);
  });
  test('with failOn warning or never → warnings also stop the import, or nothing does', () => {
    expect(codes({ ...REQUEST, inspection: { failOn: 'warning' } })).toEqual(['GUESTOS.warning', 'GUESTOS.blocking']);
    expect(codes({ ...REQUEST, inspection: { failOn: 'never' } })).toEqual([]);
  });
  test('with detection.failOn never → ignored, unless inspection.failOn is set', () => {
    const never = { ...REQUEST, detection: { ...REQUEST.detection, failOn: 'never' as const } };
    expect(codes(never)).toEqual([]);
    expect(codes({ ...never, inspection: { failOn: 'blocking' } })).toEqual(['GUESTOS.blocking']);
  });
});

describe('a request that contradicts the image', () => {
  const demo = inspectPath(DEMO);
  test.each([
    ['architecture', { architecture: 'arm64' }, 'architecture is arm64 in the request and x86_64 in the image'],
    ['boot mode', { bootMode: 'UEFI' }, 'bootMode is UEFI in the request and BIOS in the image'],
    ['system', { osType: 'windows' }, 'osType is windows in the request and linux in the image'],
    ['platform', { platform: 'Ubuntu' }, 'platform is Ubuntu in the request and Debian in the image'],
    [
      'Windows platform',
      { platform: 'Other Windows' },
      'platform is Other Windows in the request and Debian in the image',
    ],
  ])('%s → refused, with both values', (_name, given, message) => {
    const [finding, ...others] = contradictions({ ...REQUEST, ...given }, demo);
    expect(finding).toMatchObject({ code: 'Request.ContradictsImage', severity: 'blocking', message });
    expect(others).toEqual([]);
  });
  test('NVMe support that the kernel does not have → refused; NVMe support that the request does not use → accepted', () => {
    const without = { ...demo, nvmeSupport: 'unsupported' as const };
    expect(contradictions({ ...REQUEST, features: { nvmeSupport: 'supported' } }, without)).toHaveLength(1);
    expect(contradictions({ ...REQUEST, features: { nvmeSupport: 'unsupported' } }, demo)).toEqual([]);
  });
  test('a disk that boots in both modes → either mode is accepted', () => {
    const both = { ...demo, bootModes: ['BIOS', 'UEFI'] as const };
    for (const bootMode of ['BIOS', 'UEFI']) expect(contradictions({ ...REQUEST, bootMode }, both)).toEqual([]);
  });
  test('a generic platform, or an unknown value of the image → accepted', () => {
    expect(contradictions({ ...REQUEST, platform: 'Others Linux' }, demo)).toEqual([]);
    const unknown = { ...demo, architecture: null, bootMode: null, bootModes: [], platform: null, osType: null };
    const given = { architecture: 'arm64', bootMode: 'UEFI', platform: 'Kylin', osType: 'linux' };
    expect(contradictions({ ...REQUEST, ...given }, unknown)).toEqual([]);
    expect(contradictions({ ...REQUEST, ...given }, null)).toEqual([]);
  });
});
