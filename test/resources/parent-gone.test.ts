/** Removal of resources whose bucket or region does not exist any more: against the emulator, with the adapters of the vendor. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloud } from '../../alibaba/create-cloud.js';
import { staticCredentials } from '../../alibaba/credentials.js';
import type { LedgerEntry, LedgerWrite } from '../../domain/ledger.js';
import { removeCopy } from '../../resources/copy.js';
import { removeImage } from '../../resources/image.js';
import { removeUpload } from '../../resources/multipart-upload.js';
import { releaseObject, removeObject } from '../../resources/object.js';
import type { ResourceDependencies, Work } from '../../resources/work.js';
import type { SharedUpload } from '../../store/uploads.js';
import { ACCOUNT_KEYS, type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';

const MOVED = 'moved-bucket';
const GONE = 'deleted-bucket';
const NO_REGION = 'cn-nowhere-1';

let local: LocalCloud;
let written: LedgerWrite[] = [];
let forgotten: number[] = [];
let deps: ResourceDependencies;

beforeAll(async () => {
  local = await startCloud();
  local.makeBucket(MOVED, 'cn-beijing');
  const url = `http://${local.address}`;
  const endpoints = { ecs: url, ram: url, sts: url, oss: url };
  const record = async (_step: unknown, entry: LedgerWrite) => void written.push(entry);
  deps = {
    cloud: createCloud({ endpoints, credentials: staticCredentials(ACCOUNT_KEYS), timeoutMs: 5_000 }),
    store: {
      ledger: async () => [],
      record,
      recordSoon: record,
      later: async (_step, note) => void (note.kind === 'upload-gone' && forgotten.push(note.upload)),
      recordImage: record,
      recordFact: async () => undefined,
      recordCopy: record,
    },
    settings: { patienceMs: 100, pollIntervalMs: 10, pollsForLostImage: 2 },
  };
});
afterAll(() => local?.close());

const work: Work = {
  importId: 'imp-1',
  version: 1,
  phase: 'cleanup',
  log: () => undefined,
  sleep: async () => undefined,
};
const at = { createdAt: '', updatedAt: '', status: 'created' } as const;
const statusesAfter = async (removal: () => Promise<void>) => {
  written = [];
  await removal();
  return written.map(({ kind, status }) => [kind, status]);
};

describe.each([
  ['was deleted', GONE],
  ['was created again in another region', MOVED],
])('a bucket that %s', (_how, bucket) => {
  const location = { bucket, key: 'a/disk-1.raw' };
  const key = `oss://${bucket}/a/disk-1.raw`;
  const object: LedgerEntry<'object'> = {
    ...{ kind: 'object', key, regionId: REGION, ...at },
    detail: { location, size: 1, crc64: '1', usedBy: null },
  };
  const upload: LedgerEntry<'multipart-upload'> = {
    ...{ kind: 'multipart-upload', key, regionId: REGION, ...at },
    detail: { location, uploadId: 'upload-1', usedBy: null },
  };

  test('→ its object and its unfinished upload count as removed', async () => {
    expect(await statusesAfter(() => removeObject(deps, work, object, 'no'))).toEqual([['object', 'removed']]);
    expect(await statusesAfter(() => removeUpload(deps, work, upload))).toEqual([['multipart-upload', 'removed']]);
  });

  test('→ its shared object is released and forgotten', async () => {
    forgotten = [];
    const uploads = {
      release: async () => ({ kind: 'remove', id: 7 }) as const,
    };
    const shared: SharedUpload = {
      ...{ id: 7, regionId: REGION, bucket, key: location.key, sha256: null },
      ...({ form: 'as-is', variant: '', state: 'open' } as const),
      ...{ holder: null, uploadId: 'upload-1', sourceVersion: null, bytesDone: 0, bytesTotal: 0, crc64: null },
      ...{ size: null, inspection: null },
    };
    const release = () => releaseObject({ ...deps, uploads }, work, [object, upload], shared, 'no');
    expect(await statusesAfter(release)).toEqual([
      ['object', 'removed'],
      ['multipart-upload', 'removed'],
    ]);
    expect(forgotten).toEqual([7]);
  });
});

test('a region that does not exist → its image and its copy count as removed', async () => {
  const image: LedgerEntry<'image'> = {
    ...{ kind: 'image', key: 'web-01', regionId: NO_REGION, ...at },
    detail: { imageId: 'm-1', clientToken: 't', requestId: null },
  };
  const copy: LedgerEntry<'copy'> = {
    ...{ kind: 'copy', key: `${NO_REGION}/web-01`, regionId: NO_REGION, ...at },
    detail: { imageId: 'm-2', sourceImageId: 'm-1', clientToken: 't', round: 1, requestId: null },
  };
  expect(await statusesAfter(() => removeImage(deps, work, image, false))).toEqual([['image', 'removed']]);
  expect(await statusesAfter(() => removeCopy(deps, work, copy, 'none'))).toEqual([['copy', 'removed']]);
});

test('an object under a prefix with a dot segment, which no request can address → counts as removed', async () => {
  const location = { bucket: 'any-bucket', key: './x/imp-1/disk-1.raw' };
  const object: LedgerEntry<'object'> = {
    ...{ kind: 'object', key: 'oss://any-bucket/./x/imp-1/disk-1.raw', regionId: REGION, ...at },
    detail: { location, size: null, crc64: null, usedBy: null },
  };
  expect(await statusesAfter(() => removeObject(deps, work, object, 'no'))).toEqual([['object', 'removed']]);
});
