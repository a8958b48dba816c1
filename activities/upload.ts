/** upload: the bytes of every disk that is not in the bucket yet, resumed where an earlier try stopped. */
import type { DiskPlan, ImportPlan, StepInput } from '../domain/plan.js';
import { openFileSource } from '../sources/file.js';
import type { ByteSource } from '../sources/source.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep, type Step } from './step.js';

export function createUpload(deps: ActivityDependencies) {
  return async function upload(input: StepInput, plan: ImportPlan): Promise<void> {
    await runStep(deps, 'upload', input, async (step) => {
      const toSend = plan.disks.filter((disk) => disk.source.kind !== 'object');
      const bytesTotal = toSend.reduce((sum, disk) => sum + (disk.size ?? 0), 0);
      const done = new Map<number, number>();
      const report = (disk: DiskPlan, bytes: number) => {
        done.set(disk.number, bytes);
        const bytesDone = [...done.values()].reduce((sum, value) => sum + value, 0);
        step.report({ bytesDone, bytesTotal, percent: percentOf(bytesDone, bytesTotal) });
      };
      // One abort for all disks: when one fails for good, the others stop sending at once.
      const siblings = new AbortController();
      const signal = AbortSignal.any([step.signal, siblings.signal]);
      const sent = await Promise.allSettled(
        toSend.map(async (disk) => {
          try {
            await uploadDisk(deps, step, input, disk, signal, (bytes) => report(disk, bytes));
          } catch (error) {
            siblings.abort(error);
            throw error;
          }
        }),
      );
      const failed = sent.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw siblings.signal.aborted ? siblings.signal.reason : failed.reason;
    });
  };
}

function percentOf(done: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((done * 100) / total));
}

async function uploadDisk(
  deps: ActivityDependencies,
  step: Step,
  input: StepInput,
  disk: DiskPlan,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { region } = input.request;
  const oss = deps.cloud.oss(region);
  const { bucket, key } = disk;
  const location = `oss://${bucket}/${key}`;
  const written = await deps.store.ledger(step.importId);
  const known = written.find((entry) => entry.kind === 'multipart-upload' && entry.key === location);

  await deps.store.record(step, {
    kind: 'object',
    key: location,
    regionId: region,
    status: 'intended',
    detail: { bucket, key },
  });
  if (known === undefined) {
    await deps.store.record(step, {
      kind: 'multipart-upload',
      key: location,
      regionId: region,
      status: 'intended',
      detail: { bucket, key },
    });
  }
  const source = await sourceOf(deps, disk);
  const upload = oss.upload({
    bucket,
    key,
    source,
    uploadId: known?.detail.uploadId ?? null,
    meta: { 'ecs-image-import': step.importId },
    onUploadId: (uploadId) =>
      deps.store.record(step, {
        kind: 'multipart-upload',
        key: location,
        regionId: region,
        status: 'created',
        detail: { bucket, key, uploadId },
      }),
    onProgress: (progress) => onBytes(progress.bytesDone),
    signal,
  });
  const result = await upload.finally(() => source.close());
  await deps.store.record(step, {
    kind: 'object',
    key: location,
    regionId: region,
    status: 'created',
    detail: { bucket, key, size: String(result.size), crc64: result.crc64 },
  });
  // A completed upload is an object now; what completing did not use up was never more than an id.
  await deps.store.record(step, { kind: 'multipart-upload', key: location, regionId: region, status: 'removed' });
  step.log('uploaded', { location, size: result.size, bytesSent: result.bytesSent, crc64: result.crc64 });
}

async function sourceOf(deps: ActivityDependencies, disk: DiskPlan): Promise<ByteSource> {
  if (disk.source.kind !== 'file') throw new Error(`disk ${disk.number} has no bytes to send from here`);
  return openFileSource(await deps.resolveFile(disk.source.path));
}
