import { describe, expect, test } from 'vitest';
import { PHASES, type Phase } from '../../domain/import.js';
import { amend, amendedRequest } from '../../domain/request/amend.js';
import { validateRequest } from '../../domain/request/schema.js';
import { acceptedWith } from '../support/domain/requests.js';

const request = acceptedWith({ tags: { team: 'web' } });
const changed = (phase: Phase, set: Readonly<Record<string, unknown>>) => {
  const amendment = amend(request, phase, set);
  return amendment.ok ? amendment.request : amendment;
};

describe('the amendment of a request', () => {
  test('changes any field that preflight checks; the result is valid', () => {
    const set = {
      imageName: 'web-02',
      description: 'second try',
      'disks[0].diskImageSize': 80,
      'disks[0].source': 'file:///images/web-02.qcow2',
      'upload.bucket': 'other-bucket',
      'tags.team': 'db',
      'features.nvmeSupport': 'supported',
      'detection.strategy': 'none',
      'inspection.failOn': 'never',
      'distribute.regions': ['cn-beijing'],
    };
    const result = changed('preflight', set);
    expect(validateRequest(result)).toMatchObject({
      ok: true,
      request: {
        imageName: 'web-02',
        description: 'second try',
        disks: [{ source: 'file:///images/web-02.qcow2', diskImageSize: 80 }],
        upload: { bucket: 'other-bucket', prefix: 'imports/' },
        tags: { team: 'db' },
        features: { nvmeSupport: 'supported' },
        detection: { strategy: 'none', wait: true },
        inspection: { failOn: 'never' },
        distribute: { regions: ['cn-beijing'] },
      },
    });
  });

  test('does not modify the original request', () => {
    const before = structuredClone(request);
    changed('preflight', { 'tags.team': 'db', 'upload.prefix': 'x/' });
    expect(request).toEqual(before);
  });

  test('treats null as an absent field', () => {
    const described = acceptedWith({ description: 'first try' });
    const result = amend(described, 'import', { description: null });
    expect(validateRequest(result.ok ? result.request : null)).toMatchObject({ ok: true, request: acceptedWith() });
  });

  test('accepts dots and brackets in the key of a tag', () => {
    expect(changed('import', { 'tags.example.com/team[1]': 'web' })).toMatchObject({
      tags: { team: 'web', 'example.com/team[1]': 'web' },
    });
  });

  test.each([
    ['upload', 'upload.bucket', 'my-bucket-2'],
    ['import', 'disks[0].source', 'file:///b.raw'],
    ['import', 'architecture', 'arm64'],
    ['detection', 'imageName', 'web-02'],
    ['cleanup', 'tags.team', 'db'],
    ['preflight', 'region', 'cn-beijing'],
    ['done', 'imageName', 'web-02'],
  ] as const)('in phase %s, rejects a field that has taken effect: %s', (phase, path, value) => {
    expect(changed(phase, { [path]: value })).toEqual({
      ok: false,
      path,
      reason: expect.stringMatching(`cannot be changed in phase ${phase}. Fields that can: `),
    });
  });

  test('with one rejected field changes nothing', () => {
    expect(changed('import', { imageName: 'web-02', region: 'cn-beijing' })).toMatchObject({
      ok: false,
      path: 'region',
    });
  });

  test.each([
    'disks[1].diskImageSize',
    'disks[length]',
    'disks[-1].source',
    'disks[0].source.x',
    'tags.__proto__',
    'features.__proto__.polluted',
    'upload.constructor',
  ])('rejects the unknown field %s', (path) => {
    expect(changed('preflight', { [path]: 0 })).toEqual({ ok: false, path, reason: 'is not a field of the request' });
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('can change upload.keepObject in every phase that can stop', () => {
    const phases = PHASES.filter((phase) => phase !== 'accepted' && phase !== 'done');
    expect(phases.filter((phase) => !amend(request, phase, { 'upload.keepObject': true }).ok)).toEqual([]);
  });

  test('cannot change settings of the image after ImportImage was called', () => {
    const waiting = { request, phase: 'import', image: null, attention: null } as const;
    const importing = { ...waiting, image: { imageId: 'm-1', regionId: 'cn-hangzhou', taskId: 't-1' } };
    const set = { imageName: 'web-02' };
    expect(amendedRequest(waiting, set)).toMatchObject({ ok: true, request: { imageName: 'web-02' } });
    expect(amendedRequest(importing, set)).toMatchObject({
      ok: false,
      refused: expect.stringMatching('^imageName cannot be changed in phase detection'),
      problems: [{ path: 'imageName', rule: 'amend', given: '"web-02"' }],
    });
  });

  test('can change the fields of the phase that repairs the cause', () => {
    const attention = { code: 'NoSetRoletoECSServiceAccount', message: '', remedy: '', since: '' };
    const waiting = { request, phase: 'import', image: null, attention } as const;
    expect(amendedRequest(waiting, { role: 'verify' })).toMatchObject({ ok: true, request: { role: 'verify' } });
    expect(amendedRequest({ ...waiting, attention: null }, { role: 'verify' })).toMatchObject({ ok: false });
  });

  test('is validated like any request, and is null if nothing is set', () => {
    const waiting = { request, phase: 'preflight', image: null, attention: null } as const;
    expect(amendedRequest(waiting, {})).toEqual({ ok: true, request: null });
    expect(amendedRequest(waiting, { imageName: 'aliyun' })).toMatchObject({
      ok: false,
      refused: null,
      problems: [{ path: 'imageName', given: expect.stringContaining('aliyun') }],
    });
  });

  test('of an earlier version with a prefix that is rejected now → amended, with the prefix repaired', () => {
    const stored = { ...request, upload: { ...request.upload, prefix: './x/' } };
    const waiting = { request: stored, phase: 'upload', image: null, attention: null } as const;
    expect(amendedRequest(waiting, { 'upload.keepObject': true })).toMatchObject({
      ok: true,
      request: { upload: { prefix: 'x/', keepObject: true } },
    });
  });
});
