/** Sends a disk as a compressed QCOW2 that is made while it is sent: no temporary file, all cores busy. */
import { hostFailure } from '../../domain/errors/index.js';
import type { ContainerFacts } from '../../domain/plan.js';
import { convertFailure } from '../../images/convert/programs.js';
import { type FetchRange, SegmentError } from '../../images/stream/compression-pool.js';
import type { DiskSource } from '../../images/stream/disk-source.js';
import { layoutOf } from '../../images/stream/layout.js';
import { createLevelChoice } from '../../images/stream/level-choice.js';
import { packRanges } from '../../images/trim/trimmed-disk.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import type { OpenedSource, SourceReader } from '../../sources/source.js';
import { dataExtents, sparseMap } from '../../sources/sparse-extents.js';
import type { SharedUpload } from '../../store/uploads.js';
import { sourceAccess } from '../source-access.js';
import { freeSpaceOf } from './free-space.js';
import type { Lease } from './lease.js';
import { reportConversion } from './report-conversion.js';
import { reportSent } from './report-sent.js';
import { streamedParts } from './streamed-parts.js';
import type { UploadContext } from './upload-context.js';

const FETCH_BUFFER_BYTES = 256 * 1024;

export async function sendStreamed(
  context: UploadContext,
  upload: SharedUpload,
  opened: OpenedSource,
  container: ContainerFacts,
  lease: Lease,
): Promise<void> {
  const { deps, step, input, progress, disk: planned } = context;
  const { pool, memory, ranges, limits } = deps.uploading.streaming;
  const { region } = input.request;
  const { reader } = opened;
  const size = container.virtualSize ?? 0;
  const layout = layoutOf(size, limits.ranges);
  const oss = deps.cloud.oss(region);
  const choice = createLevelChoice(pool.threads, oss.linkSpeed);
  const free = upload.form === 'trimmed' ? await freeSpaceOf(context, opened, size) : packRanges([]);
  const disk = pool.open(
    { ...sourceOf(opened, container), free },
    opened.file === null ? fetchFrom(reader) : undefined,
  );
  // Notes of another version of the source, or of another layout, do not apply.
  const version = `${reader.version} ${layout.name}`;
  const isSame = reader.version !== null && version === upload.sourceVersion;
  try {
    await deps.store.record(step, uploadEntry(region, upload, 'intended'));
    if (!isSame && upload.uploadId !== null)
      await deps.uploading.uploads.noteUploadId(upload.id, upload.uploadId, version);
    const result = await oss.uploadBuilt({
      ...{ bucket: upload.bucket, key: upload.key, uploadId: upload.uploadId, signal: lease.signal },
      isFirst: !step.repeated && upload.uploadId === null && upload.key.includes(step.importId),
      meta: { 'ecs-image-import': step.importId },
      wholeCrc64: isSame ? upload.crc64 : null,
      parts: streamedParts({
        ...{ size, layout, disk, choice, memory, ranges },
        isHole: await holesOf(context, opened, container),
        check: () => reader.check(),
        builders: pool.threads,
        bufferedSegments: limits.bufferedSegments,
        writer: { upload: upload.id, holder: `${step.importId}/${planned.number}` },
        onProgress: (bytesDone, bytesTotal) => {
          lease.progress(bytesDone, bytesTotal);
          progress.sending(bytesDone, bytesTotal);
        },
      }),
      onUploadId: async (uploadId) => {
        await deps.store.record(step, uploadEntry(region, upload, 'created', { uploadId }));
        await deps.uploading.uploads.noteUploadId(upload.id, uploadId, version);
      },
      onWhole: (crc64) => deps.uploading.uploads.noteWhole(upload.id, crc64),
    });
    const compression = choice.describe();
    if (compression !== null)
      await reportConversion(context, `${container.format} was sent as a compressed qcow2, ${compression}`);
    await reportSent(context, upload, result, null);
  } catch (error) {
    await asFailure(error, reader);
  } finally {
    await disk.close();
  }
}

function sourceOf({ file, reader }: OpenedSource, { format, virtualSize }: ContainerFacts): Omit<DiskSource, 'free'> {
  const image =
    file === null
      ? ({ kind: 'remote', size: reader.size } as const)
      : ({ kind: 'file', fd: file.handle.fd, size: file.size } as const);
  return { image, container: { format, virtualSize } };
}

function fetchFrom(reader: SourceReader): FetchRange {
  return async (offset, target, signal) => {
    const buffers = [new Uint8Array(FETCH_BUFFER_BYTES), new Uint8Array(FETCH_BUFFER_BYTES)] as const;
    let done = 0;
    for await (const chunk of reader.read(offset, target.byteLength, buffers, signal)) {
      target.set(chunk, done);
      done += chunk.byteLength;
    }
  };
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
