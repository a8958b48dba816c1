/** Uploads one disk of an import, or waits for another import that is uploading the same content. */
import { setMaxListeners } from 'node:events';
import { redact } from '../../domain/errors/redact.js';
import { objectKey } from '../../domain/ids.js';
import { formatObjectLocation, usablePrefix } from '../../domain/object-location.js';
import type { DiskPlan } from '../../domain/plan.js';
import { containerOf } from '../../images/convert/decision.js';
import type { Inspection } from '../../images/inspection.js';
import { layoutOf } from '../../images/stream/layout.js';
import { isStreamable } from '../../images/stream/streamable.js';
import { decideDisk, diskOf } from '../../images/verdict/disk-decision.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import { objectEntry } from '../../resources/object.js';
import { requireDigest } from '../../sources/digest.js';
import { sourceAt } from '../../sources/index.js';
import type { OpenedSource, Source, SourceFacts } from '../../sources/source.js';
import type { JoinedUpload, SharedUpload } from '../../store/uploads.js';
import { inspectSource } from '../preflight-disk.js';
import { sourceAccess } from '../source-access.js';
import { isShutdown } from '../step.js';
import { contentIdentity } from './content-identity.js';
import { decideForm, type FormDecision, planFor } from './decide-form.js';
import { reportNotTrimmed } from './free-space.js';
import { judge } from './late-inspection.js';
import { underLease } from './lease.js';
import { sendBytes } from './send-bytes.js';
import type { StreamOptions } from './send-streamed.js';
import { watchRate } from './slow-source.js';
import { reportGuarantee } from './source-guarantee.js';
import { inspectionOfObject } from './stored-inspection.js';
import { hasBufferedParts } from './streamed-parts.js';
import type { UploadContext } from './upload-context.js';
import { createVerification, type VerifiedDigest } from './verification.js';

export interface SentDisk {
  readonly plan: DiskPlan;
  /** An inspection made after preflight; null: preflight's applies. */
  readonly inspection: Inspection | null;
}

/** Interval between two polls of an upload that another import performs. */
const POLL_INTERVAL_MS = 1_000;

export async function sendDisk(context: UploadContext): Promise<SentDisk> {
  const { deps, input, disk, signal, progress } = context;
  const { source: url, sha256, credential } = diskOf(input.request, disk.number);
  const source = sourceAt(url, sourceAccess(deps, input.request.region), { known: disk.source, credential });
  if (source.object !== null) return await checkObject(context, source, sha256);
  const facts = await source.describe(signal);
  const { plan: planned, inspection } = await currentPlan(context, source, facts);
  const inAnyOrder = planned.conversion === 'converted' && isStreamedFrom(planned, facts);
  const asFile = planned.conversion === 'unknown' || (planned.conversion === 'converted' && !inAnyOrder);
  const onProgress = (fraction: number) => progress.reading(fraction);
  const opened = await source.open({ sha256, asFile, inAnyOrder, signal, onProgress });
  let how: 'delete' | 'keep' = 'delete';
  try {
    // A file may have changed once more before it was opened.
    const current = facts.file === null ? planned : planFor(planned, opened.reader.version);
    const sent = await sendOpened({ ...context, disk: current }, opened);
    // Another import may have sent this content while this one waited for it.
    if (facts.file !== null) await opened.reader.check();
    const { digest } = sent;
    if (digest !== null) await reportGuarantee(context, source.name, 'sha256', digest);
    else if (facts.file === null) await reportGuarantee(context, source.name, opened.guarantee());
    // What was inspected may be another version: the object itself is judged.
    if (!facts.versionIsExact && opened.file === null) return await judgeObject(context, sent);
    return { ...sent, inspection: sent.inspection ?? inspection };
  } catch (error) {
    // A later attempt on this host reuses the copy, except after a cancel.
    if (!signal.aborted || isShutdown(signal)) how = 'keep';
    throw error;
  } finally {
    await opened.release(how);
  }
}

/** True for a source elsewhere whose disk is compressed from ranges of it. */
function isStreamedFrom({ inspected }: Pick<DiskPlan, 'inspected'>, { size }: SourceFacts): boolean {
  return inspected !== undefined && size !== null && isStreamable(inspected.container);
}

/**
 * True: what was inspected before applies, because the bytes that are sent are proven to be of one version. Without a version
 * that proves it, a second read does, or the digest of a raw disk that is hashed while it is sent. What else is read besides
 * the disk, such as its free space or a digest of another format, may then be of another version than the disk.
 */
function isProven({ input, deps }: UploadContext, { inspected, conversion, number }: DiskPlan, facts: SourceFacts) {
  if (facts.versionIsExact) return true;
  if (conversion !== 'converted' || inspected === undefined || !isStreamedFrom({ inspected }, facts)) return false;
  const { request } = input;
  if (request.upload.trim === 'free-space') return false;
  if (diskOf(request, number).sha256 === undefined) return true;
  const { format, virtualSize } = inspected.container;
  const { ranges, bufferedSegments } = deps.uploading.streaming.limits;
  return format === 'RAW' && hasBufferedParts(layoutOf(virtualSize, ranges), bufferedSegments);
}

/** The plan for the source as it is now. A source that has changed since preflight is inspected again where it is, if possible. */
async function currentPlan(context: UploadContext, source: Source, facts: SourceFacts): Promise<SentDisk> {
  const { deps, step, input, disk, signal } = context;
  const { request } = input;
  const planned = planFor(disk, facts.version, isProven(context, disk, facts));
  const hasChanged = planned !== disk && disk.inspected?.version !== facts.version;
  if (!hasChanged || facts.file !== null) return { plan: planned, inspection: null };
  const inspection = await inspectSource(deps, request, disk.number, source, signal);
  if (inspection === null) return { plan: planned, inspection: null };
  const decided = await decideDisk(request, disk.number, { source, facts, inspection }, deps.uploading.programs);
  await judge(deps, step, request, decided, inspection);
  return { plan: planFor(decided, facts.version, isProven(context, decided, facts)), inspection };
}

/** Inspects the uploaded object by the rules of preflight. */
async function judgeObject({ deps, step, input, signal }: UploadContext, sent: SentDisk): Promise<SentDisk> {
  const { plan } = sent;
  if (plan.key === null) throw new Error(`disk ${plan.number} was sent without a key`);
  const location = formatObjectLocation({ bucket: plan.bucket, key: plan.key });
  const object = sourceAt(location, sourceAccess(deps, input.request.region));
  const inspection = await inspectSource(deps, input.request, plan.number, object, signal);
  if (inspection === null) return sent;
  const judged = await judge(deps, step, input.request, plan, inspection);
  return { plan: { ...plan, format: judged.format, diskImageSizeGiB: judged.diskImageSizeGiB }, inspection };
}

/** ECS imports an object from its bucket: nothing is uploaded. The object may have been deleted, archived or replaced since preflight. */
async function checkObject(
  { deps, step, input, disk, signal, progress }: UploadContext,
  source: Source,
  sha256: string | undefined,
): Promise<SentDisk> {
  const { request } = input;
  const { version, refusal, size } = await source.describe(signal);
  if (refusal !== null) throw refusal;
  await deps.store.recordFact(step, {
    ...{ kind: 'disk', disk: disk.number, source: redact(source.name), sourceBytes: size, sha256: sha256 ?? null },
    ...{ sentAs: 'as-is', format: disk.format, object: source.name, objectBytes: size, crc64: null },
  });
  if (request.upload.trim === 'free-space') await reportNotTrimmed({ deps, step, disk }, 'imported where it is');
  await reportGuarantee({ deps, step, disk }, source.name, sha256 === undefined ? 'etag' : 'sha256');
  if (sha256 !== undefined) {
    requireDigest(await source.digest(signal, (fraction) => progress.reading(fraction)), sha256, source.name);
  }
  if (planFor(disk, version) === disk) return { plan: disk, inspection: null };
  const inspection = await inspectSource(deps, request, disk.number, source, signal);
  if (inspection === null) return { plan: disk, inspection: null };
  const judged = await judge(deps, step, request, disk, inspection);
  // What ImportImage gets must still be this version.
  const inspected = version === null ? {} : { inspected: { version, container: containerOf(inspection) } };
  return { plan: { ...judged, ...inspected }, inspection };
}

interface SentSource extends SentDisk {
  /** Verified in this run; null: the request requires none. */
  readonly digest: VerifiedDigest | null;
}

async function sendOpened(context: UploadContext, found: OpenedSource): Promise<SentSource> {
  const { deps, step, input, disk } = context;
  const { request } = input;
  const decision = await decideForm(context, found);
  // Preflight could not inspect this image: a refusal comes here, before any byte is uploaded.
  const isJudgedNow = decision.form === 'as-is' || decision.isStreamed;
  const late = disk.conversion === 'unknown' && isJudgedNow ? decision.inspection : null;
  const sentAs = decision.isStreamed ? { ...disk, conversion: 'converted' as const } : disk;
  const judged = late === null ? null : await judge(deps, step, request, sentAs, late);

  const { bucket, prefix } = request.upload;
  // A bucket of a CloudBox may have the name of one in the region: its objects are not shared.
  const isShared = request.storageLocationArn === undefined;
  const verified = isShared ? await verifiedFirst(context, found, decision) : null;
  const opened = verified === null ? found : { ...found, sha256: verified.sha256, required: null };
  const content = contentIdentity(opened, decision, { host: deps.uploading.host, isShared });
  const { name, identity, sha256, variant } = content;
  const own = { bucket, key: objectKey(prefix, step.importId, disk.number, decision.format, name) };
  const joined = await deps.uploading.uploads.join(
    step,
    {
      ...{ regionId: request.region, account: request.account, sha256, identity, form: decision.form, variant },
      ...own,
    },
    {
      ...{ holder: holderOf(context), leaseMs: deps.uploading.leaseMs },
      object: objectEntry(request.region, own, 'intended'),
      upload: uploadEntry(request.region, own, 'intended'),
    },
  );
  if (!joined.isIntended) await deps.store.record(step, objectEntry(request.region, joined.upload, 'intended'));
  const sent = await sendAndVerify(context, joined, opened, decision, identity);
  const { whole } = sent;
  const digest = verified ?? sent.digest;
  const { size, crc64 } = whole;
  await deps.store.recordSoon(step, objectEntry(request.region, whole, 'created', { size, crc64 }));

  await deps.store.recordFact(step, {
    ...{
      kind: 'disk',
      disk: disk.number,
      source: redact(opened.reader.name),
      sourceBytes: opened.reader.size,
      sha256: digest?.sha256 ?? opened.sha256,
    },
    ...{ sentAs: decision.form, format: decision.format, object: formatObjectLocation({ bucket, key: whole.key }) },
    ...{ objectBytes: size, crc64 },
  });
  const object = { bucket, key: whole.key, size, format: decision.format };
  const converted = await inspectionOfObject(context, whole);
  if (converted === null) return { plan: { ...disk, ...judged, ...object }, inspection: late, digest };
  const plan = await judge(deps, step, request, { ...disk, conversion: 'converted' }, converted);
  return { plan: { ...plan, ...object }, inspection: converted, digest };
}

/**
 * Where an object of a source with the digest of the request exists, the source is only read for its digest, and nothing is
 * sent. Null: none exists.
 */
async function verifiedFirst(
  { deps, input, disk, signal }: UploadContext,
  opened: OpenedSource,
  { form, format }: FormDecision,
): Promise<VerifiedDigest | null> {
  const { required } = opened;
  const wanted = diskOf(input.request, disk.number).sha256?.toLowerCase();
  if (required === null || wanted === undefined) return null;
  const { account, upload } = input.request;
  const { variant } = contentIdentity(opened, { form, format }, { host: deps.uploading.host, isShared: true });
  const scope = { account, bucket: upload.bucket, prefix: usablePrefix(upload.prefix) };
  const found = await deps.uploading.uploads.find({ ...scope, sha256: wanted, identity: null });
  const exists = found.some((one) => one.state === 'whole' && one.form === form && one.variant === variant);
  return exists ? { sha256: await required.read(signal), origin: 'another-read', bytesReadAgain: 0 } : null;
}

/**
 * Sends the object while the source is hashed for the digest of the request, if it has one. Another digest ends only this
 * import: another one that sends the same source takes over the upload.
 */
async function sendAndVerify(
  context: UploadContext,
  joined: JoinedUpload,
  opened: OpenedSource,
  decision: FormDecision,
  identity: string | null,
): Promise<{ readonly whole: SharedUpload; readonly digest: VerifiedDigest | null }> {
  const { required } = opened;
  if (required === null) {
    const whole = await untilWhole(context, joined, opened, decision, { verification: null, identity });
    return { whole, digest: digestOfOpened(context, opened) };
  }
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  setMaxListeners(0, signal);
  const verification = createVerification(required, signal, (error) => ended.abort(error));
  if (!decision.isStreamed) verification.readBeside();
  try {
    const whole = await untilWhole({ ...context, signal }, joined, opened, decision, { verification, identity });
    const digest = await verification.result();
    // The object of a CloudBox is shared with no other import.
    const isShared = context.input.request.storageLocationArn === undefined;
    if (isShared) await context.deps.uploading.uploads.noteSha256(whole.id, digest.sha256);
    return { whole, digest };
  } catch (error) {
    ended.abort(error);
    throw error;
  } finally {
    // Both read the source: it is closed when they have ended.
    await verification.settled();
  }
}

/** The digest that the request requires, where opening or reading the source has verified it. */
function digestOfOpened({ input, disk }: UploadContext, { sha256, file }: OpenedSource): VerifiedDigest | null {
  if (sha256 === null || diskOf(input.request, disk.number).sha256 === undefined) return null;
  const origin = file === null ? 'same-reads' : disk.source.kind === 'file' ? 'known' : 'copy';
  return { sha256, origin, bytesReadAgain: 0 };
}

/** Uploads the object, or waits while another import does; returns when the whole object is in the bucket. */
async function untilWhole(
  context: UploadContext,
  joined: JoinedUpload,
  opened: OpenedSource,
  decision: FormDecision,
  options: Pick<StreamOptions, 'verification' | 'identity'>,
): Promise<SharedUpload> {
  const { deps, step, input, signal, progress } = context;
  const { uploads, leaseMs, sends, slowSource } = deps.uploading;
  const holder = holderOf(context);
  const { id: own } = joined.upload;
  let id = own;
  let first: JoinedUpload | null = joined;
  for (;;) {
    const isClaimed = first?.isClaimed === true;
    // A lease that is held is given back below.
    if (!isClaimed) signal.throwIfAborted();
    const upload: SharedUpload | null = first?.upload ?? (await uploads.get(id));
    first = null;
    if (upload === null) throw new Error(`upload ${id} of import ${step.importId} has no record`);
    if (upload.state === 'whole') {
      if (await objectExists(context, upload)) {
        deps.metrics?.saved('shared', upload.size ?? 0);
        return upload;
      }
      await uploads.reopen(id);
      continue;
    }
    const claimed = isClaimed ? upload : await uploads.claim(id, holder, leaseMs);
    if (claimed === null) {
      options.verification?.readBeside();
      progress.sending(upload.bytesDone, upload.bytesTotal);
      await step.sleep(POLL_INTERVAL_MS);
      continue;
    }
    const outcome = await underLease(uploads, claimed, holder, leaseMs, signal, (lease) =>
      sends.use(lease.signal, (release) => {
        const reader = watchRate(
          opened.reader,
          () => {
            step.log('the source is slow: another upload may start', { source: opened.reader.name });
            release();
          },
          slowSource,
        );
        // A file whose bytes may be changing is not compared.
        const mayBeSame = id === own && options.identity !== null;
        return sendBytes(context, claimed, { ...opened, reader }, decision, {
          ...{ ...options, lease, mayBeSame },
          isIntended: isClaimed,
        });
      }),
    );
    if (outcome.kind === 'same') {
      // The import uses another object. Another import may wait for this one, and compare it too.
      await uploads.handOver(id, holder);
      id = outcome.upload;
      const same = await uploads.get(id);
      if (same !== null) await deps.store.record(step, objectEntry(input.request.region, same, 'intended'));
      continue;
    }
    // The upload has just been verified end to end: no check of the object is needed.
    const sent = outcome.upload ?? (await uploads.get(id));
    if (sent?.state === 'whole') {
      deps.metrics?.saved('conversion', Math.max(0, opened.reader.size - (sent.size ?? opened.reader.size)));
      return sent;
    }
  }
}

function holderOf({ step, disk }: UploadContext): string {
  return `${step.importId}/${disk.number}`;
}

async function objectExists({ deps, input }: UploadContext, upload: SharedUpload): Promise<boolean> {
  const object = await deps.cloud.oss(input.request.region).headObject(upload.bucket, upload.key);
  return object !== null && object.size === upload.size && object.crc64 === upload.crc64;
}
