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

describe('a request that is resumed', () => {
  test('can be changed in all that preflight looks at, and is valid afterwards', () => {
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

  test('stays as it was itself', () => {
    const before = structuredClone(request);
    changed('preflight', { 'tags.team': 'db', 'upload.prefix': 'x/' });
    expect(request).toEqual(before);
  });

  test('takes null for “no longer given”', () => {
    const described = acceptedWith({ description: 'first try' });
    const result = amend(described, 'import', { description: null });
    expect(validateRequest(result.ok ? result.request : null)).toMatchObject({ ok: true, request: acceptedWith() });
  });

  test('keeps a tag’s key whole, dots and brackets in it', () => {
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
  ] as const)('cannot change in phase %s what has had its effect: %s', (phase, path, value) => {
    expect(changed(phase, { [path]: value })).toEqual({
      ok: false,
      path,
      reason: expect.stringMatching(`cannot change any more in phase ${phase}; what can: `),
    });
  });

  test('of which one change is refused is not changed at all', () => {
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
  ])('has no field %s', (path) => {
    expect(changed('preflight', { [path]: 0 })).toEqual({ ok: false, path, reason: 'there is no such field' });
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('can be changed in every phase that stops, if only in what becomes of the object', () => {
    const phases = PHASES.filter((phase) => phase !== 'accepted' && phase !== 'done');
    expect(phases.filter((phase) => !amend(request, phase, { 'upload.keepObject': true }).ok)).toEqual([]);
  });

  test('has all that made the image fixed once the image is under way', () => {
    const waiting = { request, phase: 'import', image: null } as const;
    const underWay = { ...waiting, image: { imageId: 'm-1', regionId: 'cn-hangzhou', taskId: 't-1' } };
    const set = { imageName: 'web-02' };
    expect(amendedRequest(waiting, set)).toMatchObject({ ok: true, request: { imageName: 'web-02' } });
    expect(amendedRequest(underWay, set)).toMatchObject({
      ok: false,
      refused: expect.stringMatching('^imageName: cannot change any more in phase detection'),
      problems: [{ path: 'imageName', rule: 'amend', given: '"web-02"' }],
    });
  });

  test('is held to the rules of any request, and is none where nothing was set', () => {
    const waiting = { request, phase: 'preflight', image: null } as const;
    expect(amendedRequest(waiting, {})).toEqual({ ok: true, request: null });
    expect(amendedRequest(waiting, { imageName: 'aliyun' })).toMatchObject({
      ok: false,
      refused: null,
      problems: [{ path: 'imageName', given: expect.stringContaining('aliyun') }],
    });
  });
});
