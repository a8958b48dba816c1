/** An in-memory ECS in several regions (copies, sharing, deletion) and an in-memory record, for activities that a test runs directly. */

import pg from 'pg';
import type { ActivityDependencies } from '../../../activities/dependencies.js';
import { SLOW_LIMITS } from '../../../activities/upload/slow-source.js';
import type { Cloud } from '../../../alibaba/cloud.js';
import type { CopyImageInput, EcsApi, ImageAttributes, ImageView, SnapshotView } from '../../../alibaba/ecs-api.js';
import { createRegionWatchers } from '../../../alibaba/region-watcher.js';
import { FailureError } from '../../../domain/errors/failure.js';
import { failureOf } from '../../../domain/errors/index.js';
import { IMPORT_TAG_KEY } from '../../../domain/ids.js';
import type { Finding, ImageRef, LedgerEntryView } from '../../../domain/import.js';
import { factsIn, type ImportFact, keyOfFact } from '../../../domain/import-facts.js';
import type { LedgerWrite } from '../../../domain/ledger.js';
import type { ImportRequest } from '../../../domain/request/request.js';
import { createCompressionPool } from '../../../images/stream/compression-pool.js';
import { PART_LIMITS } from '../../../images/stream/layout.js';
import { RETRY_LIMITS } from '../../../sources/http-retries.js';
import { RATE_LIMITS } from '../../../sources/rate-floor.js';
import type { ImportStore } from '../../../store/imports.js';
import { fromRow, toStoredDetail } from '../../../store/ledger-rows.js';
import { createUploadContents } from '../../../store/upload-contents.js';
import { createUploadRanges } from '../../../store/upload-ranges.js';
import { createUploadStore } from '../../../store/uploads.js';
import { ownAccount } from '../alibaba/own-account.js';
import { quietEnvironment } from './quiet-environment.js';

export const HOME = 'cn-hangzhou';
export const SOURCE: ImageRef = { imageId: 'm-source', regionId: HOME, taskId: 't-1' };

export const REQUEST: ImportRequest = {
  region: HOME,
  imageName: 'web-01',
  disks: [{ source: 'oss://b/o' }],
  tags: { team: 'web' },
  upload: { bucket: 'b', prefix: '', convert: 'auto', keepObject: false },
  role: 'skip',
  detection: { strategy: 'none', wait: false, failOn: 'never' },
  distribute: { regions: ['cn-beijing', 'cn-shanghai'], shareWith: [] },
  dryRun: false,
};

export type Image = { -readonly [Name in keyof ImageView]: ImageView[Name] } & { shared: string[]; polls: number };

export class FakeCloud {
  readonly images = new Map<string, Map<string, Image>>();
  readonly snapshots = new Map<string, SnapshotView>();
  readonly copies: (CopyImageInput & { readonly from: string })[] = [];
  readonly said: string[] = [];
  /** Attributes of an image for which no other ones were set: what the cloud gives a copy, whatever its source has. */
  readonly plain: ImageAttributes = {
    ...{ architecture: 'x86_64', bootMode: 'BIOS', nvmeSupport: 'unsupported', imdsSupport: 'v1' },
  };
  /** ModifyImageAttribute succeeds and has no effect. */
  ignoresChanges = false;
  /** Regions in which the account's setting encrypts every copy. */
  encrypting: readonly string[] = [];
  /** `SHARE/IMAGE` */
  readonly inShares = new Set<string>();
  /** The status of every image in a share; null: `Associated`. */
  shareStatus: string | null = null;
  /** An action whose calls get no answer. */
  silent = '';
  /** Families that start an image, and those of the region. */
  families = { ofImage: ['ecs.g7'], ofRegion: ['ecs.g7'] };
  private readonly byToken = new Map<string, string>();
  /** Number of polls of a copy until it is available. */
  copyPolls = 2;
  /** The final status of a new copy. */
  copyEnds: (region: string) => string = () => 'Available';
  /** Drops the tags of a CopyImage request, like an older cloud. */
  dropsTags = false;
  /** Error codes that a call throws before it has an effect. */
  refuse: (action: string, region: string) => string | null = () => null;
  /** Calls that take effect but lose their response. */
  loseAnswer: (action: string, region: string) => boolean = () => false;

  constructor() {
    this.put(HOME, 'm-source', 'Available', { [IMPORT_TAG_KEY]: 'imp-1' });
  }

  put(region: string, imageId: string, status: string, tags: Readonly<Record<string, string>>): Image {
    const image: Image = {
      ...{ imageId, imageName: 'web-01', status, percent: 0, tags, detection: null, creationTime: null, sizeGiB: 20 },
      ...{ shared: [], polls: 0, isCopy: false, platform: null, snapshotIds: [] },
      ...{ attributes: this.plain, resourceGroupId: null, isEncrypted: false },
    };
    this.in(region).set(imageId, image);
    return image;
  }

  /** Gives the image a snapshot. */
  addSnapshot(image: Image, snapshotId: string): void {
    image.snapshotIds = [...image.snapshotIds, snapshotId];
    const rest = { name: '', bytes: 1, creationTime: null, usage: 'image', tags: {} };
    this.snapshots.set(snapshotId, { snapshotId, ...rest });
  }

  in(region: string): Map<string, Image> {
    const images = this.images.get(region) ?? new Map<string, Image>();
    this.images.set(region, images);
    return images;
  }

  ids(region: string): string[] {
    return [...this.in(region).keys()];
  }

  ecs(region: string): EcsApi {
    const images = this.in(region);
    const called = (action: string) => {
      this.said.push(`${action} ${region}`);
      const code = this.refuse(action, region);
      if (code !== null) throw failure(action, code, code === 'ECONNRESET');
    };
    const find = (action: string, imageId: string): Image => {
      const image = images.get(imageId);
      if (image === undefined) throw failure(action, 'InvalidImageId.NotFound');
      return image;
    };
    const unused = () => Promise.reject(new Error('not used by distribution'));
    return {
      describeRegions: unused,
      countImages: unused,
      imageQuota: unused,
      dryRunImportImage: unused,
      importImage: unused,
      describeTaskAttribute: unused,
      describeTasks: async () => [],
      cancelTask: unused,
      describeImages: async ({ imageIds, tag }) => {
        const found = [...images.values()].filter(
          (image) =>
            (imageIds?.includes(image.imageId) ?? true) && (tag === undefined || image.tags[tag.key] === tag.value),
        );
        for (const image of found) {
          if (image.status !== 'Creating') continue;
          image.polls += 1;
          if (image.polls >= this.copyPolls) image.status = this.copyEnds(region);
        }
        return structuredClone(found);
      },
      copyImage: async (input) => {
        called('CopyImage');
        const known = this.byToken.get(input.clientToken);
        if (known !== undefined) return { imageId: known, requestId: 'r' };
        const imageId = `m-copy-${this.byToken.size + 1}`;
        this.put(input.toRegion, imageId, 'Creating', this.dropsTags ? {} : input.tags);
        this.byToken.set(input.clientToken, imageId);
        this.copies.push({ ...input, from: region });
        if (this.loseAnswer('CopyImage', input.toRegion)) throw failure('CopyImage', 'ECONNRESET', true);
        return { imageId, requestId: 'r' };
      },
      cancelCopyImage: async (imageId) => {
        called('CancelCopyImage');
        find('CancelCopyImage', imageId);
        images.delete(imageId);
      },
      deleteImage: async (imageId) => {
        called('DeleteImage');
        const inShare = [...this.inShares].some((one) => one.endsWith(`/${imageId}`));
        if (inShare || find('DeleteImage', imageId).shared.length > 0) throw failure('DeleteImage', 'ImageUseShared');
        images.delete(imageId);
      },
      shareImage: async (imageId, accounts) => {
        if (accounts.length === 0) return;
        called('ModifyImageSharePermission');
        find('ModifyImageSharePermission', imageId).shared.push(...accounts);
      },
      dryRunShareImage: async (imageId, accounts) => {
        if (accounts.length === 0) return;
        called('ModifyImageSharePermission DryRun');
        find('ModifyImageSharePermission', imageId);
      },
      shareAssociations: async (imageId, shareId) => {
        called('ListResourceShareAssociations');
        const status = this.shareStatus ?? 'Associated';
        return [...this.inShares]
          .map((one) => one.split('/'))
          .filter(([share, image]) => image === imageId && (shareId === undefined || share === shareId))
          .map(([share = '']) => ({ shareId: share, status, message: 'full' }));
      },
      addToShare: async (imageId, shareId) => {
        called('AssociateResourceShare');
        find('AssociateResourceShare', imageId);
        this.inShares.add(`${shareId}/${imageId}`);
        if (this.loseAnswer('AssociateResourceShare', region))
          throw failure('AssociateResourceShare', 'ECONNRESET', true);
      },
      removeFromShare: async (imageId, shareId) => {
        called('DisassociateResourceShare');
        this.inShares.delete(`${shareId}/${imageId}`);
      },
      modifyImage: async (imageId, change) => {
        called('ModifyImageAttribute');
        const image = find('ModifyImageAttribute', imageId);
        if (!this.ignoresChanges) image.attributes = { ...image.attributes, ...change };
        if (this.loseAnswer('ModifyImageAttribute', region)) throw failure('ModifyImageAttribute', 'ECONNRESET', true);
      },
      moveImageToGroup: async (imageId, resourceGroupId) => {
        called('JoinResourceGroup');
        find('JoinResourceGroup', imageId).resourceGroupId = resourceGroupId;
      },
      encryptsByDefault: async () => {
        called('DescribeDiskEncryptionByDefaultStatus');
        return this.encrypting.includes(region);
      },
      familiesOfImage: async (imageId) => {
        called('DescribeImageSupportInstanceTypes');
        if (this.silent === 'DescribeImageSupportInstanceTypes') await new Promise(() => undefined);
        find('DescribeImageSupportInstanceTypes', imageId);
        return this.families.ofImage;
      },
      describeFamilies: async () => {
        called('DescribeInstanceTypeFamilies');
        return this.families.ofRegion;
      },
      unshareImage: async (imageId, accounts) => {
        const image = find('ModifyImageSharePermission', imageId);
        image.shared = image.shared.filter((account) => !accounts.includes(account));
      },
      describeSharing: async (imageId) => find('DescribeImageSharePermission', imageId).shared,
      tagImage: async (imageId, tags) => {
        const image = find('TagResources', imageId);
        image.tags = { ...image.tags, ...tags };
      },
      describeSnapshots: async (filter) => {
        called('DescribeSnapshots');
        if (!('snapshotIds' in filter)) return unused();
        return filter.snapshotIds.flatMap((id) => this.snapshots.get(id) ?? []);
      },
      deleteSnapshot: async (snapshotId) => {
        called('DeleteSnapshot');
        const used = [...this.images.values()].some((some) =>
          [...some.values()].some((image) => image.snapshotIds.includes(snapshotId)),
        );
        if (used) throw failure('DeleteSnapshot', 'SnapshotCreatedImage');
        this.snapshots.delete(snapshotId);
        if (this.loseAnswer('DeleteSnapshot', region)) throw failure('DeleteSnapshot', 'ECONNRESET', true);
      },
      tagSnapshots: async (snapshotIds, tags) => {
        called('TagResources of snapshots');
        for (const id of snapshotIds) {
          const snapshot = this.snapshots.get(id);
          if (snapshot !== undefined) this.snapshots.set(id, { ...snapshot, tags: { ...snapshot.tags, ...tags } });
        }
      },
    };
  }
}

function failure(action: string, code: string, outcomeUnknown = false): FailureError {
  const facts = { service: 'ecs', action, code, message: '' };
  return new FailureError(failureOf(outcomeUnknown ? { ...facts, outcomeUnknown } : { ...facts, status: 403 }));
}

export function memoryStore() {
  const ledger: LedgerEntryView[] = [];
  const copies = new Map<string, ImageRef>();
  const findings: Finding[] = [];
  const facts = new Map<string, ImportFact>();
  let finished: string | null = null;
  const recorded = (entry: LedgerWrite) => {
    const { kind, key, regionId, status } = entry;
    const place = ledger.findIndex((other) => other.kind === kind && other.key === key);
    const at = new Date(0).toISOString();
    const before = ledger[place] ?? { detail: {}, createdAt: at, updatedAt: at };
    const merged = Object.entries({ ...before.detail, ...toStoredDetail(entry) });
    const detail = Object.fromEntries(merged.filter((field): field is [string, string] => field[1] !== null));
    ledger.splice(place < 0 ? ledger.length : place, 1, { ...before, kind, key, regionId, status, detail });
  };
  const store: Partial<ImportStore> = {
    startPhase: async () => ({ ledger: null, uploads: null, facts: null }),
    startNextPhase: async () => ({ ledger: null, uploads: null, facts: null }),
    // Called where an attempt takes long, as on a busy machine.
    requireCurrent: async () => undefined,
    progressOf: async () => null,
    progress: async () => true,
    recordRetry: async () => undefined,
    endRetry: async () => undefined,
    flush: async () => undefined,
    recordFact: async (_step, fact) => {
      facts.set(keyOfFact(fact), fact);
    },
    facts: async () => factsIn([...facts.values()]),
    attention: async () => new Date(0).toISOString(),
    replaceFindings: async (_step, { source, codes, except, disk }, found) => {
      const isReplaced = (one: Finding) =>
        one.source === source &&
        (disk === undefined || (one.disk ?? null) === disk) &&
        (codes?.includes(one.code) ?? true) &&
        !(except?.includes(one.code) ?? false);
      findings.splice(0, findings.length, ...findings.filter((one) => !isReplaced(one)), ...found);
    },
    finish: async (_step, state) => {
      finished = state;
      return { createdAt: new Date(0).toISOString(), timeline: [] };
    },
    ledger: async () => structuredClone(ledger).flatMap(fromRow),
    record: async (_step, entry, ...more) => {
      recorded(entry);
      for (const note of more) if (note.kind === 'ledger') recorded(note.entry);
    },
    recordSoon: async (_step, entry) => recorded(entry),
    later: async (_step, note) => {
      if (note.kind === 'ledger') recorded(note.entry);
    },
    recordImage: async (_step, entry) => recorded(entry),
    recordCopy: async (_step, entry, copy) => {
      recorded(entry);
      if (copy === null) copies.delete(entry.regionId);
      else copies.set(entry.regionId, copy);
    },
  };
  return { store: store as ImportStore, ledger, copies, findings, finished: () => finished };
}

function environment(attempt = 1) {
  return quietEnvironment({ attempt, scheduledTimestampMs: Date.now() });
}

/** Runs one attempt of an activity; rejects with the failure that the workflow would receive. */
export function activityRunner(fake: FakeCloud, record = memoryStore()) {
  const unused = () => Promise.reject(new Error('not used by distribution'));
  const cloud: Cloud = {
    ecs: (region) => fake.ecs(region),
    oss: () => {
      throw new Error('not used by distribution');
    },
    ram: { setUpImportRole: unused },
    sts: { getCallerIdentity: unused },
  };
  const watchers = createRegionWatchers(cloud, { pollFirstMs: 1, pollMaxMs: 2, patienceMs: 1_000 });
  const deps: ActivityDependencies = {
    store: record.store,
    ...{ cloud, watchers, accounts: ownAccount(cloud, watchers) },
    inspect: unused,
    checkBoot: unused,
    files: { keep: unused, list: unused, get: unused },
    settings: { patienceMs: 60_000, pollIntervalMs: 1, pollsForLostImage: 2 },
    openFile: unused,
    uploading: {
      // Never connected: distribution uses no upload dependency.
      uploads: { ...createUploadStore(new pg.Pool()), usedBy: async () => [] },
      credential: unused,
      http: { get: unused, close: () => undefined, limits: { ...RETRY_LIMITS, ...RATE_LIMITS } },
      inspectRemote: unused,
      cache: { obtain: unused },
      convert: unused,
      readFreeSpace: unused,
      programs: { qemuImg: unused, decompressor: unused },
      streaming: {
        pool: createCompressionPool(1),
        ranges: createUploadRanges(new pg.Pool()),
        limits: PART_LIMITS,
        contents: createUploadContents(new pg.Pool()),
      },
      sends: { use: unused },
      slowSource: SLOW_LIMITS,
      digests: { run: unused },
      host: 'here',
      leaseMs: 1_000,
    },
  };
  return {
    ...record,
    deps,
    run: <Args extends unknown[], Result>(
      activity: (...args: Args) => Promise<Result>,
      ...args: Args
    ): Promise<Result> => environment().run<Args, Result, (...args: Args) => Promise<Result>>(activity, ...args),
    environment,
  };
}
