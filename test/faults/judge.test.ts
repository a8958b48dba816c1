/** The judge of the fault matrix: accepts a clean end, and reports every kind of violation. */
import { describe, expect, test } from 'vitest';
import { IMPORT_TAG_KEY } from '../../domain/ids.js';
import type { ImportView, LedgerEntryView } from '../../domain/import.js';
import { acceptedWith } from '../support/domain/requests.js';
import type { EmulatorState } from '../support/e2e/service.js';
import { type Judged, violations } from './judge.js';

const ID = 'imp-01';
const AT = '2026-01-01T00:00:00.000Z';
const entry = (kind: LedgerEntryView['kind'], key: string, status: LedgerEntryView['status']): LedgerEntryView => ({
  ...{ kind, key, status, regionId: 'cn-hangzhou', createdAt: AT, updatedAt: AT },
  detail: kind === 'image' ? { imageId: 'm-1' } : {},
});
const image = { imageId: 'm-1', imageName: 'web-01', regionId: 'cn-hangzhou', status: 'Available' };
const tagged = { ...image, tags: { [IMPORT_TAG_KEY]: ID } };
const task = { taskId: 't-1', status: 'Finished', regionId: 'cn-hangzhou', resourceId: 'm-1' };

const view: ImportView = {
  ...{ id: ID, state: 'succeeded', phase: 'done', request: acceptedWith() },
  progress: { phase: 'done', percent: 100, bytesDone: null, bytesTotal: null, bytesPerSecond: null, etaSeconds: null },
  image: { imageId: 'm-1', regionId: 'cn-hangzhou', taskId: 't-1' },
  ...{ copies: [], findings: [], attention: null, waitingFor: null, error: null },
  ledger: [
    entry('image', 'web-01', 'kept'),
    entry('snapshot', 's-1', 'kept'),
    entry('task', 't-1', 'removed'),
    entry('object', 'oss://b/k', 'removed'),
  ],
  timeline: [
    { phase: 'accepted', startedAt: AT, endedAt: AT },
    { phase: 'done', startedAt: AT, endedAt: AT },
  ],
  ...{ createdAt: AT, updatedAt: AT },
};
const snapshot = { snapshotId: 's-1', imageId: 'm-1', regionId: 'cn-hangzhou', tags: { [IMPORT_TAG_KEY]: ID } };
const cloud: EmulatorState = {
  images: [tagged],
  snapshots: [snapshot],
  tasks: [task],
  objects: [],
  versions: [],
  uploads: [],
  roles: [],
};
const clean: Judged = { view, cloud, events: [], stops: 0 };
const cancelled: ImportView = {
  ...{ ...view, state: 'cancelled', image: null },
  ledger: view.ledger.map((one) => ({ ...one, status: 'removed' })),
};

test('a clean end, with or without an image → no violation', () => {
  expect(violations(clean)).toEqual([]);
  expect(violations({ ...clean, view: cancelled, cloud: { ...cloud, images: [], snapshots: [] } })).toEqual([]);
});

const attention = { code: 'C', message: 'm', remedy: 'r', since: AT };
const error = { code: 'C', message: 'm', remedy: 'r', requestId: null, phase: 'import' } as const;
const key = `matrix/${ID}/disk-1.raw`;

describe('it reports', () => {
  test.each<readonly [string, Partial<ImportView>, Partial<EmulatorState>, Partial<Judged>, RegExp]>([
    ['an import that does not end', { state: 'attention' }, {}, {}, /has not ended/],
    ['no image', {}, { images: [] }, {}, /succeeded with images in \[\]/],
    [
      'two images',
      {},
      { images: [tagged, { ...tagged, imageId: 'm-2' }] },
      {},
      /images in \[cn-hangzhou, cn-hangzhou\]/,
    ],
    ['a snapshot without its image', cancelled, { images: [] }, {}, /snapshot s-1 of the deleted image m-1 remains/],
    ['a snapshot that the ledger loses', { ledger: [] }, {}, {}, /s-1 of an image that stays is not kept/],
    ['a lost snapshot', {}, { snapshots: [] }, {}, /the ledger keeps snapshot s-1, which does not exist/],
    ['an incomplete image', {}, { images: [{ ...tagged, status: 'Creating' }] }, {}, /remains Creating/],
    ['an image of a cancelled import', cancelled, {}, {}, /cancelled with images/],
    ['another image in the record', { image: { imageId: 'm-9', regionId: 'r', taskId: null } }, {}, {}, /record names/],
    ['an object', {}, { objects: [{ bucket: 'b', key, size: 1 }] }, {}, /object .* remains/],
    [
      'a version',
      {},
      { versions: [{ bucket: 'b', key, versionId: 'v', isMarker: false }] },
      {},
      /version v of .* remains/,
    ],
    [
      'a delete marker',
      {},
      { versions: [{ bucket: 'b', key, versionId: 'v', isMarker: true }] },
      {},
      /delete marker v .* remains/,
    ],
    ['an unfinished upload', {}, { uploads: [{ bucket: 'b', key, uploadId: 'u' }] }, {}, /upload u .* remains/],
    ['a running task', {}, { tasks: [{ ...task, status: 'Processing' }] }, {}, /task t-1 is still running/],
    [
      'an intention',
      { ledger: [entry('copy', 'r/n', 'intended'), ...view.ledger] },
      {},
      {},
      /leaves copy r\/n intended/,
    ],
    [
      'a resource that the ledger does not close',
      { ledger: [entry('object', 'k', 'created')] },
      {},
      {},
      /object k created/,
    ],
    ['a kept image that does not exist', {}, { images: [] }, {}, /which does not exist/],
    ['a phase before the end', { phase: 'cleanup' }, {}, {}, /ended in phase cleanup/],
    ['attention after the end', { attention }, {}, {}, /still has attention/],
    ['a failure without a remedy', { state: 'failed', error: { ...error, remedy: '' } }, {}, {}, /without a remedy/],
    ['an error of one that succeeded', { error }, {}, {}, /succeeded with error C/],
    [
      'an open line of the timeline',
      { timeline: [{ phase: 'upload', startedAt: AT, endedAt: null }] },
      {},
      {},
      /upload open/,
    ],
    ['a timeline that runs backwards', { timeline: [...view.timeline].reverse() }, {}, {}, /done → accepted/],
    ['a stop without an event', {}, {}, { stops: 1 }, /stopped 1 times/],
  ])('%s', (_what, changed, there, more, expected) => {
    const broken = violations({ ...clean, view: { ...view, ...changed }, cloud: { ...cloud, ...there }, ...more });
    expect(broken.join('\n')).toMatch(expected);
  });
});
