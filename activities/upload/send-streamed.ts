/** Sends a disk as a compressed QCOW2 that is made while it is sent: no temporary file, all cores busy. */
import { hostFailure } from '../../domain/errors/index.js';
import { usablePrefix } from '../../domain/object-location.js';
import type { ContainerFacts } from '../../domain/plan.js';
import { convertFailure } from '../../images/convert/programs.js';
import type { Inspection } from '../../images/inspection.js';
import { type FetchRange, SegmentError } from '../../images/stream/compression-pool.js';
import { contentOf } from '../../images/stream/content.js';
import type { DiskSource } from '../../images/stream/disk-source.js';
import { layoutOf } from '../../images/stream/layout.js';
import { createLevelChoice } from '../../images/stream/level-choice.js';
import { packRanges } from '../../images/trim/trimmed-disk.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import { createForwardHash, readInto } from '../../sources/forward-hash.js';
import { type OpenedSource, type SourceReader, sourceFailure } from '../../sources/source.js';
import { dataExtents, sparseMap } from '../../sources/sparse-extents.js';
import type { SharedUpload } from '../../store/uploads.js';
import { sourceAccess } from '../source-access.js';
import { freeSpaceOf } from './free-space.js';
import type { Lease } from './lease.js';
import { reportConversion } from './report-conversion.js';
import { reportSent } from './report-sent.js';
import { findSameContent, type KnownContent, type ReadableDisk, requireSameContent } from './same-content.js';
import { hasBufferedParts, type StreamedParts, streamedParts } from './streamed-parts.js';
import type { UploadContext } from './upload-context.js';
import type { Verification } from './verification.js';

/** What became of a disk: it is in the bucket, or another object has the same content. */
export type Streamed =
  /** Null: the upload was complete before. */
  { readonly kind: 'sent'; readonly upload: SharedUpload | null } | { readonly kind: 'same'; readonly upload: number };

export interface StreamOptions {
  readonly lease: Lease;
  /** Null: the request requires no digest, or it is known. */
  readonly verification: Verification | null;
  /** The source on this host, which other imports with the same one recognise; null: none. */
  readonly identity: string | null;
  /** The upload is in the ledger, as intended. */
  readonly isIntended: boolean;
  /** True: the disk is compared with those of other objects before it is sent. */
  readonly mayBeSame: boolean;
}

/** @param inspection of a disk that was decompressed first; other imports that share the object have no copy of it */
export async function sendStreamed(
  context: UploadContext,
  upload: SharedUpload,
  opened: OpenedSource,
  container: ContainerFacts,
  { lease, verification, identity, isIntended, mayBeSame }: StreamOptions,
  inspection: Inspection | null = null,
): Promise<Streamed> {
  const { deps, step, input, progress, disk: planned } = context;
  const { pool, ranges, limits } = deps.uploading.streaming;
  const { region } = input.request;
  const { reader } = opened;
  const size = container.virtualSize ?? 0;
  const layout = layoutOf(size, limits.ranges);
  const oss = deps.cloud.oss(region);
  const choice = createLevelChoice(pool.threads, oss.linkSpeed);
  const free = upload.form === 'trimmed' ? await freeSpaceOf(context, opened, size) : packRanges([]);
  const open = () =>
    pool.open({ ...sourceOf(opened, container), free }, opened.file === null ? fetchFrom(reader) : undefined);
  const disk = open();
  // Notes of another version of the source, or of another layout, do not apply.
  const version = `${reader.version} ${layout.name}`;
  const isSame = reader.version !== null && version === upload.sourceVersion;
  const { signal } = lease;
  const ifCurrent = async <Result>(write: () => Promise<Result>): Promise<Result> => {
    await step.requireCurrent();
    return await write();
  };
  const isHole = await holesOf(context, opened, container);
  const readable = { layout, disk, isHole, readers: pool.threads + 1 };
  try {
    if (mayBeSame && upload.uploadId === null && opened.file !== null) {
      const same = await sameAs(context, upload, readable, reader, signal);
      if (same !== null) {
        const { id: found, digest } = same;
        if (identity !== null) await deps.uploading.streaming.contents.remember(identity, upload.variant, digest);
        await reportConversion(context, `the bucket has an object with the content of this ${container.format}`);
        return { kind: 'same', upload: found };
      }
    }
    // Without a version that proves it, only the bytes that are sent can be those that were hashed.
    const mustBeForward = reader.guarantee() === 'second-read';
    const isOrdered = container.format === 'RAW' && hasBufferedParts(layout, limits.bufferedSegments);
    const isForward = verification !== null && isOrdered && (verification.isOpen || mustBeForward);
    const forward = isForward ? createForwardHash(reader) : null;
    if (forward === null) verification?.readBeside();
    const parts = streamedParts({
      ...{ size, layout, disk, choice, forward, isHole, memory: pool.memory },
      ranges: { ...ranges, note: (...noted) => ifCurrent(() => ranges.note(...noted)) },
      needsDigests: reader.guarantee() === 'second-read',
      check: () => check(),
      builders: pool.threads,
      bufferedSegments: limits.bufferedSegments,
      writer: { upload: upload.id, holder: `${step.importId}/${planned.number}`, sourceVersion: version },
      onProgress: (bytesDone, bytesTotal) => {
        lease.progress(bytesDone, bytesTotal);
        progress.sending(bytesDone, bytesTotal);
      },
    });
    let isProven = false;
    const check = async () => {
      await reader.check();
      if (isProven) return;
      if (forward !== null) await verification?.accept(await forward.end(signal), forward.bytesReadAgain());
      // The object of a source elsewhere is found by the digest of the request.
      else if (opened.file === null) await verification?.result();
      // The digest of all bytes that were sent is a proof too.
      if (reader.guarantee() === 'second-read' && forward === null) {
        if (parts.digests.size === 0) await parts.begin();
        await readTwice(parts.digests);
      }
      isProven = true;
    };
    const readTwice = async (digests: StreamedParts['digests']) => {
      // The free space, or the digest of the request, may be those of another version than the disk.
      if (free.length > 0 || verification !== null) {
        throw sourceFailure('Changed', `the server of ${reader.name} reported another version while it was read`);
      }
      const again = open();
      await requireSameContent(digests, { ...readable, disk: again }, reader.name, signal).finally(() => again.close());
    };
    if (!isIntended) await deps.store.record(step, uploadEntry(region, upload, 'intended'));
    const { uploadId: known } = upload;
    if (!isSame && known !== null)
      await ifCurrent(() => deps.uploading.uploads.noteUploadId(upload.id, known, version));
    const result = await oss.uploadBuilt({
      ...{ bucket: upload.bucket, key: upload.key, uploadId: upload.uploadId, signal, parts },
      isFirst: !step.repeated && upload.uploadId === null && upload.key.includes(step.importId),
      meta: { 'ecs-image-import': step.importId },
      wholeCrc64: isSame ? upload.crc64 : null,
      onUploadId: async (uploadId) => {
        const noted = { kind: 'upload-id', upload: upload.id, uploadId, sourceVersion: version } as const;
        await deps.store.record(step, uploadEntry(region, upload, 'created', { uploadId }), noted);
      },
      onWhole: (crc64) => ifCurrent(() => deps.uploading.uploads.noteWhole(upload.id, crc64)),
    });
    const compression = choice.describe();
    if (compression !== null)
      await reportConversion(context, `${container.format} was sent as a compressed qcow2, ${compression}`);
    await noteContent(context, upload, readable, parts, identity);
    return { kind: 'sent', upload: await reportSent(context, upload, result, inspection) };
  } catch (error) {
    return await asFailure(error, reader);
  } finally {
    await disk.close();
  }
}

/** The upload whose object has the content of this disk; null: none is known, or it is not complete any more. */
async function sameAs(
  { deps, step, input, disk: { number } }: UploadContext,
  { id, bucket, form, variant }: SharedUpload,
  disk: ReadableDisk,
  reader: SourceReader,
  signal: AbortSignal,
): Promise<KnownContent | null> {
  const { account, upload, storageLocationArn } = input.request;
  // A bucket of a CloudBox may have the name of one in the region.
  if (storageLocationArn !== undefined) return null;
  const { contents } = deps.uploading.streaming;
  const scope = { account, bucket, form, variant, prefix: usablePrefix(upload.prefix) };
  const known = (await contents.finished(scope, disk.layout.name)).filter((one) => one.id !== id);
  if (known.length === 0) return null;
  const { same, bytesRead } = await findSameContent(known, disk, signal);
  step.log('compared with the disks of complete objects', { disk: number, isSame: same !== null, bytesRead });
  // What was compared must be one version of the file.
  if (same !== null) await reader.check();
  return same !== null && (await contents.use(same.id, step)) ? same : null;
}

/** The next import of this content finds the object. */
async function noteContent(
  { deps, input }: UploadContext,
  { id, variant }: SharedUpload,
  { layout, isHole }: ReadableDisk,
  parts: StreamedParts,
  identity: string | null,
): Promise<void> {
  if (input.request.storageLocationArn !== undefined) return;
  if (parts.digests.size === 0) await parts.begin();
  for (let index = 0; ; index += 1) {
    const range = layout.range(index);
    if (range === null) break;
    // A part that an earlier version of this service sent.
    if (!parts.digests.has(index) && !isHole(range.offset, range.length)) return;
  }
  const { contents } = deps.uploading.streaming;
  const content = contentOf(layout, parts.digests);
  await contents.note(id, content);
  if (identity !== null) await contents.remember(identity, variant, content.digest);
}

function sourceOf({ file, reader }: OpenedSource, { format, virtualSize }: ContainerFacts): Omit<DiskSource, 'free'> {
  const image =
    file === null
      ? ({ kind: 'remote', size: reader.size } as const)
      : ({ kind: 'file', fd: file.handle.fd, size: file.size } as const);
  return { image, container: { format, virtualSize } };
}

function fetchFrom(reader: SourceReader): FetchRange {
  return (offset, target, signal) => readInto(reader, offset, target, signal);
}

async function holesOf({ deps, input, signal }: UploadContext, { file }: OpenedSource, { format }: ContainerFacts) {
  if (file === null || format !== 'RAW') return () => false;
  const data = await dataExtents(file.handle, sourceAccess(deps, input.request.region).mapExtents, signal);
  return data === null ? () => false : sparseMap(data).isHole;
}

/** Throws the failure for an error of a thread; other errors unchanged. */
async function asFailure(error: unknown, reader: SourceReader): Promise<never> {
  if (!(error instanceof SegmentError)) throw error;
  // A source that is written while it is read looks damaged.
  await reader.check();
  const system = error.code === null ? null : Object.assign(new Error(error.message), { code: error.code });
  throw (
    (system === null ? null : hostFailure(system, `${reader.name} cannot be read`)) ??
    convertFailure('Failed', `${reader.name}: ${error.message}`, error)
  );
}
