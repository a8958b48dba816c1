/** Uploads an object under its lease, after a conversion if one was decided; continues where an earlier attempt stopped. */
import type { ContainerFacts } from '../../domain/plan.js';
import { containerOf } from '../../images/convert/decision.js';
import type { Inspection } from '../../images/inspection.js';
import { isStreamable } from '../../images/stream/streamable.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import { openFileReader, openMade } from '../../sources/file.js';
import { openLocalFile } from '../../sources/local-file.js';
import { resized } from '../../sources/resized.js';
import type { OpenedSource, SourceReader } from '../../sources/source.js';
import type { SharedUpload } from '../../store/uploads.js';
import { sourceAccess } from '../source-access.js';
import { isShutdown } from '../step.js';
import type { FormDecision } from './decide-form.js';
import { judge } from './late-inspection.js';
import { reportSent } from './report-sent.js';
import { type Streamed, type StreamOptions, sendStreamed } from './send-streamed.js';
import type { UploadContext } from './upload-context.js';

const READ_AGAIN_BYTES = 64 * 1024 ** 2;

export async function sendBytes(
  context: UploadContext,
  upload: SharedUpload,
  opened: OpenedSource,
  { form, container, isStreamed, format }: FormDecision,
  options: StreamOptions,
): Promise<Streamed> {
  const { lease } = options;
  // It has waited for the lease and for an upload slot.
  if (!opened.reader.remote) await opened.reader.check();
  if (isStreamed && container !== null) return await sendStreamed(context, upload, opened, container, options);
  if (form === 'as-is') {
    return await send(context, upload, wholeSectors(context, opened.reader, container), null, options);
  }
  const { deps, step, input, disk, progress } = context;
  const { file, sha256 } = opened;
  if (file === null || container === null) throw new Error('only a file of this host can be converted');
  const { convert: mode } = input.request.upload;
  const converted = await deps.uploading.convert({
    ...{ file, container, mode, signal: lease.signal },
    name: `${sha256 ?? upload.id}-${mode}.image`,
    onlyDecompress: format === 'QCOW2',
    role: disk.number === 1 ? 'system' : 'data',
    onProgress: (fraction) => progress.converting(fraction),
  });
  let how: 'delete' | 'keep' = 'delete';
  try {
    await judge(deps, step, input.request, { ...disk, conversion: 'converted' }, converted.inspection);
    const made = containerOf(converted.inspection);
    if (made.format !== 'QCOW2' && format === 'QCOW2' && isStreamable(made)) {
      const local = await openLocalFile(converted.file.path);
      const spooled = await openMade(local, opened.reader, sourceAccess(deps, input.request.region), lease.signal);
      return await sendStreamed(context, upload, spooled, made, options, converted.inspection).finally(() =>
        spooled.release('keep'),
      );
    }
    const reader = await openFileReader(converted.file.path);
    return await send(context, upload, reader, converted.inspection, options).finally(() => reader.close());
  } catch (error) {
    // A later attempt on this host reuses the converted file, except after a cancel.
    if (!context.signal.aborted || isShutdown(context.signal)) how = 'keep';
    throw error;
  } finally {
    await converted.file.release(how);
  }
}

/** ECS rejects a raw image that ends within a sector. The inspection has determined where its disk ends. */
function wholeSectors({ disk }: UploadContext, reader: SourceReader, container: ContainerFacts | null): SourceReader {
  const { format, virtualSize } = container ?? disk.inspected?.container ?? { format: null, virtualSize: null };
  return format === 'RAW' && virtualSize !== null ? resized(reader, virtualSize) : reader;
}

async function send(
  context: UploadContext,
  upload: SharedUpload,
  reader: SourceReader,
  inspection: Inspection | null,
  { lease, isIntended }: Pick<StreamOptions, 'lease' | 'isIntended'>,
): Promise<Streamed> {
  const { deps, step, input, progress } = context;
  const { region } = input.request;
  const { uploads } = deps.uploading;
  const { id, bucket, key } = upload;
  if (!isIntended) await deps.store.record(step, uploadEntry(region, upload, 'intended'));
  const guarantee = reader.guarantee();
  const sameSource = reader.version !== null && reader.version === upload.sourceVersion;
  const notes = {
    wholeCrc64: sameSource ? upload.crc64 : null,
    parts: sameSource && reader.remote ? await uploads.parts(id) : [],
  };
  const result = await deps.cloud.oss(region).upload({
    ...{ bucket, key, source: reader, notes, uploadId: upload.uploadId, signal: lease.signal },
    // Only an earlier attempt, or the import whose id is in the key, may have started an upload without recording it.
    isFirst: !step.repeated && upload.uploadId === null && key.includes(step.importId),
    meta: { 'ecs-image-import': step.importId },
    onUploadId: async (uploadId) => {
      const noted = { kind: 'upload-id', upload: id, uploadId, sourceVersion: reader.version } as const;
      await deps.store.record(step, uploadEntry(region, upload, 'created', { uploadId }), noted);
    },
    onPart: (part) => {
      // Once the bytes may be of another version, a later attempt must not keep this part without reading it.
      const isOfVersion = reader.guarantee() === guarantee;
      // If the write fails, the part is only read once more.
      if (!reader.remote || !isOfVersion) return;
      const noted = step.requireCurrent().then(() => uploads.notePart(id, part, reader.version));
      noted.catch(() => undefined);
    },
    // If the response of the completion is lost, a small file is read once more.
    onWhole: async (crc64) => {
      if (!reader.remote && reader.size <= READ_AGAIN_BYTES) return;
      await step.requireCurrent();
      await uploads.noteWhole(id, crc64);
    },
    onProgress: ({ bytesDone, bytesTotal }) => {
      lease.progress(bytesDone, bytesTotal);
      progress.sending(bytesDone, bytesTotal);
    },
  });
  return { kind: 'sent', upload: await reportSent(context, upload, result, inspection) };
}
