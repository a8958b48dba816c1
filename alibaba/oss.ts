/** OSS in one region: control calls with `ali-oss`, image bytes with oss-wire.ts. */
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { ORDINARY_ACCESS, type OssAccess } from '../domain/oss-access.js';
import type { OssEndpoints } from './cloud.js';
import type { CredentialSource } from './credentials.js';
import { createMetadata, type Metadata } from './metadata-service.js';
import type { OssApi, UploadInput } from './oss-api.js';
import { createControl, type OssControl, withoutQuotes } from './oss-control.js';
import { createLocator, type Locator } from './oss-endpoint.js';
import { createVersions, type OssVersions } from './oss-versions.js';
import { createWire, type Wire } from './oss-wire.js';
import { uploadBuilt } from './upload/built-parts.js';
import { createLinkMeter, type LinkMeter } from './upload/link-speed.js';
import { uploadSource } from './upload/multipart.js';
import type { ObjectCalls, UploadSettings } from './upload/object-calls.js';
import { DEFAULT_PART_BYTES } from './upload/parts.js';
import { probeLink } from './upload/probe-link.js';
import { type RateLimiter, UNLIMITED } from './upload/rate-limiter.js';

export interface OssSettings extends Omit<UploadSettings, 'rateLimiter'> {
  /** A request without transferred bytes for this time is aborted and retried. */
  readonly stallMs: number;
  /** For calls that carry no image bytes. */
  readonly controlTimeoutMs: number;
}

export const OSS_DEFAULTS: OssSettings = {
  partSize: DEFAULT_PART_BYTES,
  concurrentParts: 4,
  maxConcurrentParts: 12,
  maxAttempts: 6,
  firstMs: 250,
  maxMs: 10_000,
  stallMs: 60_000,
  controlTimeoutMs: 60_000,
};

export interface OssOptions {
  /** For every bucket: `http://127.0.0.1:PORT` for an emulator. */
  readonly endpoint?: string | undefined;
  /** ECS region ID, e.g. `cn-hangzhou`. */
  readonly region: string;
  readonly credentials: CredentialSource;
  /** Endpoints of single buckets, regions and CloudBoxes. */
  readonly endpoints?: OssEndpoints;
  /** Default: as configured, else chosen. */
  readonly access?: OssAccess;
  /** Default: the metadata service of the vendor. */
  readonly metadata?: Metadata;
  /** Where every endpoint is reached, for tests. */
  readonly address?: string;
  readonly settings?: Partial<OssSettings>;
  /** Shared by all clients of the process, so that the limit applies to the process. */
  readonly rateLimiter?: RateLimiter;
}

/** Nobody writes this object. */
const NO_OBJECT = 'ecs-image-import/no-such-object';
/** Without the permission to read, OSS does not say whether the object exists. */
const ANSWERS_OF_DATA_CALLS = ['NoSuchKey', 'AccessDenied'];

export function createOss(options: OssOptions): OssApi {
  const wanted = { ...OSS_DEFAULTS, ...options.settings };
  const settings = { ...wanted, concurrentParts: Math.min(wanted.concurrentParts, wanted.maxConcurrentParts) };
  const { region, credentials, access = ORDINARY_ACCESS, metadata = createMetadata(), address } = options;
  const endpoints = { ...options.endpoints, oss: options.endpoint ?? options.endpoints?.oss };
  const locatorFor = (own: OssAccess) => createLocator({ region, access: own, endpoints, metadata, address });
  const controlAt = ({ locate, connect }: Locator) =>
    createControl({ region, credentials, locate, agents: connect() }, settings.controlTimeoutMs);
  const locator = locatorFor(access);
  const control = controlAt(locator);
  // The accelerate endpoint does not answer for a bucket without acceleration.
  const isAccelerate = access.endpoint === 'accelerate' && access.storageLocationArn === null;
  const bucketControl = isAccelerate ? controlAt(locatorFor({ ...access, endpoint: 'public' })) : control;
  const { locate } = locator;
  const wire = createWire({ region, credentials, locate, agents: locator.connect(), stallMs: settings.stallMs });
  const versions = createVersions(wire, control);
  const meter = createLinkMeter();
  const rateLimiter = options.rateLimiter ?? UNLIMITED;

  return {
    async endpoint(bucket) {
      const { kind, url, reason } = await locator.locate(bucket);
      return { kind, host: new URL(url).host, reason };
    },

    async getBucket(bucket) {
      const info = await bucketControl.getBucketInfo(bucket);
      const algorithm = info.encryption ?? (await encryptionOf(wire, bucket));
      return { ...info, encryption: algorithm === '' || algorithm === 'None' ? null : algorithm };
    },

    headObject: control.headObject,

    async checkDataCalls(bucket) {
      if (isAccelerate && !(await bucketControl.getBucketInfo(bucket)).isAccelerated) throw notAccelerated(bucket);
      try {
        const range = { range: 'bytes=0-0' };
        await wire.request({
          action: 'GetObject',
          method: 'GET',
          bucket,
          key: NO_OBJECT,
          headers: range,
          maxResponseBytes: 1,
        });
      } catch (error) {
        if (!(error instanceof FailureError) || !ANSWERS_OF_DATA_CALLS.includes(error.failure.code)) throw error;
      }
    },

    async readRange(bucket, key, offset, length, etag) {
      if (length === 0) return new Uint8Array(0);
      try {
        const answer = await wire.request({
          ...{ action: 'GetObject', method: 'GET', bucket, key, maxResponseBytes: length },
          // Without `standard`, OSS returns the whole object for a range beyond its end.
          headers: {
            range: `bytes=${offset}-${offset + length - 1}`,
            'x-oss-range-behavior': 'standard',
            ...(etag === undefined || etag === '' ? {} : { 'if-match': `"${etag}"` }),
          },
        });
        return answer.body;
      } catch (error) {
        if (error instanceof FailureError && error.failure.status === 416) return new Uint8Array(0);
        throw error;
      }
    },

    async upload(input) {
      input.signal.throwIfAborted();
      const calls = objectCalls({ control, versions, wire, meter }, input);
      return await uploadSource(calls, input, { ...settings, rateLimiter });
    },

    async uploadBuilt(input) {
      input.signal.throwIfAborted();
      const calls = objectCalls({ control, versions, wire, meter }, input);
      return await uploadBuilt(calls, input, { ...settings, rateLimiter });
    },

    linkSpeed: meter.bytesPerSecond,

    async measureLink(bucket, key, signal) {
      const calls = objectCalls({ control, versions, wire, meter }, { bucket, key, meta: {} });
      await probeLink(calls, { ...settings, rateLimiter }, signal);
      return meter.bytesPerSecond();
    },

    async uploadedBytes(bucket, key, uploadId) {
      const parts = await control.listParts(bucket, key, uploadId);
      return (parts ?? []).reduce((sum, { size }) => sum + size, 0);
    },

    async tryUpload(bucket, key) {
      const uploadId = await control.initiateUpload(bucket, key, {});
      try {
        await control.listParts(bucket, key, uploadId);
      } finally {
        await control.abortUpload(bucket, key, uploadId);
      }
    },

    abortUpload: control.abortUpload,
    listUploads: control.listUploads,
    getProtection: versions.getProtection,
    listVersions: versions.listVersions,
    deleteObject: versions.deleteObject,
    deleteOldVersions: versions.deleteOldVersions,
    tryListVersions: versions.tryListVersions,
    tryDeleteVersion: versions.tryDeleteVersion,

    async listFolder(bucket, prefix) {
      const uploads = await control.listAllUploads(bucket, prefix);
      return [
        ...uploads,
        ...((await versions.listFolder(bucket, prefix)) ?? (await control.listObjects(bucket, prefix))),
      ];
    },
  };
}

function notAccelerated(bucket: string): FailureError {
  const message = `transfer acceleration of bucket ${bucket} is not enabled`;
  const facts = { service: 'oss', action: 'GetBucketInfo', values: { bucket } } as const;
  return fail('Upload.AccelerationNotEnabled', message, facts);
}

/** Called only if GetBucketInfo does not contain the encryption. Returns null if the caller is not allowed this call. */
async function encryptionOf(wire: Wire, bucket: string): Promise<string | null> {
  try {
    const answer = await wire.request({
      ...{ action: 'GetBucketEncryption', method: 'GET', bucket, key: '', query: { encryption: '' } },
      maxResponseBytes: 64 * 1024,
    });
    return /<SSEAlgorithm>([^<]*)</.exec(answer.body.toString())?.[1] ?? null;
  } catch (error) {
    const code = error instanceof FailureError ? error.failure.code : '';
    if (code === 'NoSuchServerSideEncryptionRule' || code === 'AccessDenied') return null;
    throw error;
  }
}

interface Clients {
  readonly control: OssControl;
  readonly versions: OssVersions;
  readonly wire: Wire;
  readonly meter: LinkMeter;
}

function objectCalls(
  { control, versions, wire, meter }: Clients,
  { bucket, key, meta }: Pick<UploadInput, 'bucket' | 'key' | 'meta'>,
): ObjectCalls {
  return {
    head: () => control.headObject(bucket, key),
    listUploads: () => control.listUploads(bucket, key),
    initiate: () => control.initiateUpload(bucket, key, meta),
    listParts: (uploadId) => control.listParts(bucket, key, uploadId),
    complete: (uploadId, parts) => control.completeUpload(bucket, key, uploadId, parts),
    abort: (uploadId) => control.abortUpload(bucket, key, uploadId),
    remove: () => versions.deleteObject(bucket, key),

    async sendPart(uploadId, partNumber, body, onSent, signal) {
      const query = { partNumber: String(partNumber), uploadId };
      const end = meter.begin();
      const sent = (bytes: number) => {
        meter.sent(bytes);
        onSent(bytes);
      };
      const request = wire.request({
        ...{ action: 'UploadPart', method: 'PUT', bucket, key, query, body, onSent: sent, signal },
        maxResponseBytes: 64 * 1024,
      });
      const answer = await request.finally(end);
      const crc64 = answer.headers['x-oss-hash-crc64ecma'];
      return { etag: withoutQuotes(answer.headers.etag ?? ''), crc64: typeof crc64 === 'string' ? crc64 : null };
    },
  };
}
