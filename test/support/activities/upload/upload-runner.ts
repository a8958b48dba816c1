/** Runs the upload phase directly: a real upload to a recorder, with the record and the shared uploads in memory. */

import { pathToFileURL } from 'node:url';
import type { ActivityDependencies } from '../../../../activities/dependencies.js';
import { createSemaphore } from '../../../../activities/upload/semaphore.js';
import { createSingleFlight } from '../../../../activities/upload/single-flight.js';
import { SLOW_LIMITS, type SlowLimits } from '../../../../activities/upload/slow-source.js';
import { createUpload } from '../../../../activities/upload.js';
import { createOss, type OssSettings } from '../../../../alibaba/oss.js';
import type { ImportFact } from '../../../../domain/import-facts.js';
import { formatObjectLocation } from '../../../../domain/object-location.js';
import type { DiskPlan, ImportPlan } from '../../../../domain/plan.js';
import type { DiskRequest, ImportRequest } from '../../../../domain/request/request.js';
import type { Convert } from '../../../../images/convert/converter.js';
import type { Programs } from '../../../../images/convert/programs.js';
import type { Inspection } from '../../../../images/inspection.js';
import { PART_LIMITS, type PartLimits } from '../../../../images/stream/layout.js';
import type { PartMemory } from '../../../../images/stream/part-memory.js';
import { createHttpClient } from '../../../../sources/http-request.js';
import { type LocalFile, openLocalFile } from '../../../../sources/local-file.js';
import { createCache } from '../../../../sources/scratch-cache.js';
import type { UploadContents, UploadedContent } from '../../../../store/upload-contents.js';
import type { NotedRange, UploadRanges } from '../../../../store/upload-ranges.js';
import type { NotedPart, SharedUpload, UploadStore } from '../../../../store/uploads.js';
import { inProcessPool } from '../../images/stream/in-process-pool.js';
import { activityRunner, FakeCloud, memoryStore, REQUEST } from '../distribution-cloud.js';

export const BUCKET = 'images';

/** The state that several workers share, like the database. */
export function sharedRecord() {
  const contents = new Map<number, Omit<UploadedContent, 'id'>>();
  const known = new Map<string, string>();
  const uploads = memoryUploads(contents, known);
  return {
    ...{ record: memoryStore(), uploads, ranges: memoryRanges(uploads) },
    contents: memoryContents(uploads, contents, known),
  };
}

export interface WorkerOptions {
  readonly endpoint: string;
  readonly shared?: ReturnType<typeof sharedRecord>;
  /** Limit of disks that the worker uploads concurrently. */
  readonly sends?: number;
  readonly slowSource?: SlowLimits;
  readonly settings?: Partial<OssSettings>;
  /** The result of a late inspection; without it, no inspection is expected. */
  readonly inspection?: Inspection;
  /** Inspects images really, instead. */
  readonly inspect?: (path: string) => Promise<Inspection>;
  /** For downloaded images; without it, no download is expected. */
  readonly cacheFolder?: string;
  readonly importId?: string;
  /** A server that sends nothing for this time has failed. */
  readonly stallMs?: number;
  /** When the files that it opens last changed. Those of tests are new: by default, no upload waits until they are older. */
  readonly changedAtMs?: number;
  /** How disks that are compressed while they are sent become parts. */
  readonly limits?: PartLimits;
  /** Converts images really; without it, no conversion is expected. */
  readonly convert?: Convert;
  readonly programs?: Programs;
  /** For the parts of disks that are compressed; by default, that of the worker. */
  readonly memory?: PartMemory;
  /** Called before a segment of a disk is read to be compressed or compared. */
  readonly onSegment?: (offset: number) => void;
}

/** One worker without any state besides the record. */
export function uploadWorker({
  endpoint,
  shared = sharedRecord(),
  sends = 4,
  slowSource = SLOW_LIMITS,
  settings = {},
  inspection,
  inspect: inspectReally,
  cacheFolder,
  importId = 'imp-1',
  stallMs = 500,
  changedAtMs = 0,
  limits = PART_LIMITS,
  memory,
  onSegment,
  convert,
  programs = { qemuImg: async () => null, decompressor: async () => false },
}: WorkerOptions) {
  const inspected: string[] = [];
  const inspect = async (image: string | LocalFile): Promise<Inspection> => {
    const name = typeof image === 'string' ? image : image.path;
    if (inspectReally !== undefined) return await inspectReally(name);
    if (inspection === undefined) throw new Error(`unexpected inspection of ${name}`);
    inspected.push(name);
    return inspection;
  };
  const runner = activityRunner(new FakeCloud(), shared.record);
  const facts: ImportFact[] = [];
  const http = createHttpClient({
    ...{ hosts: [], addresses: ['127.0.0.1'], stallMs },
    limits: { maxFailures: 4, firstWaitMs: 1, maxWaitMs: 20 },
  });
  const oss = createOss({
    ...{ endpoint, region: REQUEST.region },
    credentials: async () => ({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }),
    settings: { firstMs: 1, maxMs: 5, stallMs: 500, ...settings },
  });
  const deps: ActivityDependencies = {
    ...runner.deps,
    store: {
      ...runner.deps.store,
      recordFact: async (_step, fact) => void facts.push(fact),
      async record(step, entry, ...more) {
        await runner.deps.store.record(step, entry, ...more);
        for (const note of more) {
          if (note.kind !== 'upload-id') continue;
          await shared.uploads.noteUploadId(note.upload, note.uploadId, note.sourceVersion);
        }
      },
    },
    cloud: { ...runner.deps.cloud, oss: () => oss },
    openFile: async (path) => ({ ...(await openLocalFile(path)), changedAtMs }),
    inspect,
    uploading: {
      ...runner.deps.uploading,
      ...{
        http,
        uploads: shared.uploads,
        slowSource,
        sends: createSemaphore(sends),
        digests: createSingleFlight<string>(),
      },
      ...(cacheFolder === undefined ? {} : { cache: createCache({ folder: cacheFolder, limitBytes: 1e9 }) }),
      inspectRemote: (image) => inspect(image.name),
      programs,
      ...(convert === undefined ? {} : { convert }),
      streaming: {
        ...{ pool: inProcessPool(onSegment, memory), limits },
        ...{ ranges: shared.ranges, contents: shared.contents },
      },
    },
  };
  return {
    /** Names of the images that were inspected. */
    inspected,
    findings: shared.record.findings,
    /** For the report of the import. */
    facts,
    /** Rejects with the failure that the workflow would receive. */
    async upload(
      disks: readonly { readonly plan: DiskPlan; readonly sha256?: string }[],
      changes: Partial<ImportRequest> = {},
    ): Promise<ImportPlan> {
      const asked = disks.map(
        ({ plan, sha256 }): DiskRequest => ({ source: urlOf(plan.source), ...(sha256 && { sha256 }) }),
      );
      const request = { ...REQUEST, disks: asked, upload: { ...REQUEST.upload, bucket: BUCKET }, ...changes };
      const unknown = { architecture: null, bootMode: null, platform: null, osType: null, nvmeSupport: null };
      const plan: ImportPlan = { accountId: '1', disks: disks.map((disk) => disk.plan), ...unknown };
      return await runner.run(createUpload(deps), { importId, step: 4, attempt: 1, request }, plan);
    },
    close: () => http.close(),
  };
}

export function diskOf(number: number, source: DiskPlan['source'], size: number): DiskPlan {
  const key = source.key ?? null;
  return { number, source, size, bucket: BUCKET, key, conversion: 'as-is', format: 'RAW', diskImageSizeGiB: null };
}

/** The source URL of a request for this location. */
function urlOf({ path = '', url, bucket = '', key = '', kind }: DiskPlan['source']): string {
  if (kind === 'object') return formatObjectLocation({ bucket, key });
  return url ?? pathToFileURL(path).href;
}

function memoryRanges(uploads: UploadStore): UploadRanges {
  const levels = new Map<string, number>();
  const notes = new Map<string, NotedRange & { readonly upload: number; readonly uploadId: string }>();
  return {
    async claimLevel({ upload, holder }, number, level) {
      if ((await uploads.get(upload))?.holder !== holder) return null;
      const id = `${upload}/${number}`;
      levels.set(id, levels.get(id) ?? level);
      return levels.get(id) ?? level;
    },
    async note({ upload, holder, uploadId, sourceVersion }, range) {
      const current = await uploads.get(upload);
      if (current?.holder !== holder || current.uploadId !== uploadId) return false;
      if (current.sourceVersion !== sourceVersion) return false;
      notes.set(`${upload}/${range.number}`, { ...range, upload, uploadId });
      return true;
    },
    async *list(upload) {
      const current = await uploads.get(upload);
      const all = [...notes.values()].filter((note) => note.upload === upload && note.uploadId === current?.uploadId);
      yield* all.sort((one, other) => one.number - other.number);
    },
  };
}

/** @param known the contents of versions of files */
function memoryContents(
  uploads: UploadStore,
  contents: Map<number, Omit<UploadedContent, 'id'>>,
  known: Map<string, string>,
): UploadContents {
  return {
    async finished({ form, variant }, layout) {
      const found = await Promise.all(
        [...contents].map(async ([id, content]) => ({ id, content, upload: await uploads.get(id) })),
      );
      return found
        .filter(
          ({ content, upload }) =>
            content.layout === layout &&
            upload?.state === 'whole' &&
            upload.form === form &&
            upload.variant === variant,
        )
        .map(({ id, content }) => ({ id, ...content }));
    },
    note: async (id, content) => void contents.set(id, content),
    use: async (id) => (await uploads.get(id))?.state === 'whole',
    remember: async (version, variant, content) => void known.set(`${version} ${variant}`, content),
  };
}

function memoryUploads(
  contents: ReadonlyMap<number, Omit<UploadedContent, 'id'>>,
  known: ReadonlyMap<string, string>,
): UploadStore {
  const uploads: { -readonly [Name in keyof SharedUpload]: SharedUpload[Name] }[] = [];
  const parts = new Map<number, NotedPart[]>();
  const digests = new Map<string, string>();
  const identities: (string | null)[] = [];
  const at = (id: number) => uploads[id];
  const fresh = {
    ...{ holder: null, uploadId: null, sourceVersion: null, bytesDone: 0, bytesTotal: 0, crc64: null, size: null },
    ...{ state: 'open' as const, inspection: null },
  };
  const copy = (id: number) => structuredClone(at(id) ?? null);
  const unused = () => Promise.reject(new Error('not part of the upload phase'));
  return {
    find: async ({ sha256 }) => uploads.filter((one) => sha256 !== null && one.sha256 === sha256),
    noteSha256: async (id, sha256) => void Object.assign(at(id) ?? {}, { sha256 }),
    async join(_step, { regionId, bucket, key, sha256, form, identity, variant }) {
      const content = identity === null ? undefined : known.get(`${identity} ${variant}`);
      const isSame = (one: SharedUpload, index: number) =>
        (content && one.state === 'whole' && contents.get(index)?.digest === content) ||
        one.key === key ||
        (one.form === form &&
          ((sha256 !== null && one.sha256 === sha256 && one.variant === variant) ||
            (identity !== null && identities[index] === `${identity} ${variant}`)));
      let id = uploads.findIndex(isSame);
      if (id < 0) identities[uploads.length] = identity === null ? null : `${identity} ${variant}`;
      if (id < 0) id = uploads.push({ ...fresh, id: uploads.length, regionId, bucket, key, sha256, form, variant }) - 1;
      return { upload: structuredClone(uploads[id] as SharedUpload), isIntended: false, isClaimed: false };
    },
    get: async (id) => copy(id),
    async claim(id, holder) {
      const upload = at(id);
      if (upload?.state !== 'open' || (upload.holder !== null && upload.holder !== holder)) return null;
      upload.holder = holder;
      return copy(id);
    },
    renew: async () => true,
    handOver: async (id) => void Object.assign(at(id) ?? {}, { holder: null }),
    noteUploadId: async (id, uploadId, sourceVersion) => void Object.assign(at(id) ?? {}, { uploadId, sourceVersion }),
    notePart: async (id, part) => void parts.set(id, [...(parts.get(id) ?? []), part]),
    parts: async (id) => parts.get(id) ?? [],
    noteWhole: async (id, crc64) => void Object.assign(at(id) ?? {}, { crc64 }),
    async finish(id, whole) {
      Object.assign(at(id) ?? {}, { ...whole, state: 'whole', holder: null });
      return copy(id);
    },
    noteInspection: async (id, inspection) => void Object.assign(at(id) ?? {}, { inspection }),
    digest: async (version) => digests.get(version) ?? null,
    noteDigest: async (version, sha256) => void digests.set(version, sha256),
    ...{ reopen: unused, usedBy: unused, release: unused, forget: unused },
  };
}
