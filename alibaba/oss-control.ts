/** OSS calls that carry no image bytes, with the vendor's `ali-oss`. Validates its loosely typed responses. */
import OSS from 'ali-oss';
import { z } from 'zod';
import { FailureError } from '../domain/errors/failure.js';
import type { RemedyValues } from '../domain/errors/placeholders.js';
import type { Agents } from '../network/agents.js';
import { USER_AGENT } from '../network/user-agent.js';
import { announceCall, type CloudCall } from './call-events.js';
import { guarded, reportChange, sendUnderLease } from './change-lease.js';
import type { CredentialSource } from './credentials.js';
import { regionOfLocation } from './endpoints.js';
import type { BucketView, ListedEntry, ObjectView } from './oss-api.js';
import type { OssEndpoint } from './oss-endpoint.js';
import { describeError, ossFailure } from './oss-errors.js';
import type { CompletedObject } from './upload/object-calls.js';
import type { ListedPart } from './upload/parts.js';

export interface OssPlace {
  /** ECS region ID, e.g. `cn-hangzhou`. */
  readonly region: string;
  readonly credentials: CredentialSource;
  readonly locate: (bucket: string) => Promise<OssEndpoint>;
  readonly agents: Agents;
}

/** All methods throw `FailureError`. Deletions succeed if the resource no longer exists. */
export interface OssControl {
  getBucketInfo(bucket: string): Promise<Omit<BucketView, 'encryption'> & { readonly encryption?: string }>;
  headObject(bucket: string, key: string): Promise<ObjectView | null>;
  /** `isVersioned`: the call only added a delete marker. */
  deleteObject(bucket: string, key: string): Promise<{ readonly isVersioned: boolean }>;
  /** Current versions of objects under a prefix, from all pages. */
  listObjects(bucket: string, prefix: string): Promise<ListedEntry[]>;
  /** Unfinished uploads under a prefix, from all pages. */
  listAllUploads(bucket: string, prefix: string): Promise<ListedEntry[]>;
  initiateUpload(bucket: string, key: string, meta: Readonly<Record<string, string>>): Promise<string>;
  /** IDs of the unfinished uploads of exactly this key, newest first, from all pages. */
  listUploads(bucket: string, key: string): Promise<string[]>;
  /** All pages; null if the upload does not exist. */
  listParts(bucket: string, key: string, uploadId: string): Promise<ListedPart[] | null>;
  completeUpload(
    bucket: string,
    key: string,
    uploadId: string,
    parts: readonly { readonly number: number; readonly etag: string }[],
  ): Promise<CompletedObject>;
  abortUpload(bucket: string, key: string, uploadId: string): Promise<void>;
}

const bucketInfo = z.object({
  bucket: z.object({
    Name: z.string(),
    Location: z.string(),
    StorageClass: z.string().default('Standard'),
    ServerSideEncryptionRule: z.object({ SSEAlgorithm: z.string() }).optional(),
    TransferAcceleration: z.string().default('Disabled'),
  }),
});
const headers = z.record(z.string(), z.union([z.string(), z.array(z.string())]).optional());
const listedPart = z.object({
  PartNumber: z.coerce.number(),
  Size: z.coerce.number(),
  ETag: z.string(),
  HashCrc64ecma: z.string().optional(),
});
const objectPage = z.object({
  objects: z.array(z.object({ name: z.string(), size: z.coerce.number(), lastModified: z.coerce.string() })).nullish(),
  isTruncated: z.boolean().nullish(),
  nextContinuationToken: z.string().nullish(),
});
const partPage = z.object({
  // ali-oss returns a single part as an object, not as a list.
  parts: z.union([z.array(listedPart), listedPart.transform((part) => [part])]),
  isTruncated: z.union([z.boolean(), z.string()]).optional(),
  nextPartNumberMarker: z.coerce.number().optional(),
});

/** What a call is about. */
interface Subject {
  readonly bucket: string;
  readonly key?: string;
}

function valuesOf({ bucket, key }: Subject, region: string): RemedyValues {
  return { bucket, region, ...(key === undefined ? {} : { object: `oss://${bucket}/${key}` }) };
}

export function createControl(place: OssPlace, timeoutMs: number): OssControl {
  const { http, https } = place.agents;
  const agents = { agent: guarded(http), httpsAgent: guarded(https) };

  /** A client for one call, so that each call has current credentials. */
  const client = async (bucket: string, { url: endpoint, bucketIn, cloudBoxId }: OssEndpoint) => {
    const key = await place.credentials();
    const oss = new OSS({
      ...agents,
      ...{ endpoint, sldEnable: bucketIn === 'path', cname: bucketIn === 'signature' },
      // Not in the types of ali-oss, which signs for the OSS of a CloudBox with it.
      ...(cloudBoxId === null ? {} : { cloudBoxId }),
      bucket,
      region: `oss-${place.region}`,
      accessKeyId: key.accessKeyId,
      accessKeySecret: key.accessKeySecret,
      authorizationV4: true,
      timeout: timeoutMs,
      ...(key.securityToken === undefined ? {} : temporary(key.securityToken)),
    });
    // ali-oss has no option for it.
    return Object.assign(oss, { userAgent: `${USER_AGENT} aliyun-sdk-nodejs` });
  };

  const call = async <Result>(action: string, subject: Subject, perform: (oss: OSS) => Promise<Result>) => {
    const endpoint = await place.locate(subject.bucket);
    const announced: CloudCall = { service: 'oss', action, region: place.region, bucket: subject.bucket };
    return await announceCall(announced, async () => {
      try {
        const oss = await client(subject.bucket, endpoint);
        const result = await sendUnderLease(action, () => perform(oss));
        const requestId = requestIdOf(result);
        if (typeof requestId === 'string') announced.requestId = requestId;
        reportChange('oss', action, requestId);
        return result;
      } catch (error) {
        if (error instanceof FailureError) throw error;
        if (error instanceof z.ZodError) throw unreadable(action, error);
        const values = valuesOf(subject, place.region);
        throw ossFailure({ action, ...describeError(error), values, endpoint: endpoint.kind, cause: error });
      }
    });
  };

  /** The unfinished uploads of all keys with a prefix. */
  const listAllUploads = async (bucket: string, prefix: string) => {
    const found: (ListedEntry & { readonly uploadId: string })[] = [];
    let marker: { 'key-marker'?: string; 'upload-id-marker'?: string } = {};
    for (;;) {
      const query = { ...prefixQuery(prefix), 'max-uploads': 1000, ...marker };
      const page = await call('ListMultipartUploads', { bucket }, (oss) => oss.listUploads(query));
      for (const { name: key, uploadId, initiated } of page.uploads) {
        found.push({ key, size: 0, since: String(initiated), uploadId });
      }
      if (!page.isTruncated) return found;
      marker = { 'key-marker': String(page.nextKeyMarker), 'upload-id-marker': String(page.nextUploadIdMarker) };
    }
  };

  return {
    getBucketInfo: (bucket) =>
      call('GetBucketInfo', { bucket }, async (oss) => {
        const answer: unknown = await oss.getBucketInfo(bucket);
        const info = bucketInfo.parse(answer).bucket;
        const encryption = info.ServerSideEncryptionRule?.SSEAlgorithm;
        return {
          name: info.Name,
          region: regionOfLocation(info.Location),
          storageClass: info.StorageClass,
          isAccelerated: info.TransferAcceleration === 'Enabled',
          ...(encryption === undefined ? {} : { encryption }),
        };
      }),

    headObject: (bucket, key) =>
      nullIfNotFound(
        call('HeadObject', { bucket, key }, async (oss) => objectView(key, (await oss.head(key)).res.headers)),
      ),

    deleteObject: async (bucket, key) => {
      const answer = await nullIfNotFound(
        call('DeleteObject', { bucket, key }, async (oss) => headers.parse((await oss.delete(key)).res.headers)),
      );
      return { isVersioned: answer?.['x-oss-version-id'] !== undefined || answer?.['x-oss-delete-marker'] === 'true' };
    },

    initiateUpload: (bucket, key, meta) =>
      call('InitiateMultipartUpload', { bucket, key }, async (oss) => {
        const { res, uploadId } = await oss.initMultipartUpload(key, { headers: metaHeaders(meta) });
        return { res, uploadId: z.string().min(1).parse(uploadId) };
      }).then(({ uploadId }) => uploadId),

    listAllUploads,

    async listObjects(bucket, prefix) {
      const found: ListedEntry[] = [];
      for (let token: string | undefined; ; ) {
        const query = {
          ...prefixQuery(prefix),
          'max-keys': 1000,
          ...(token === undefined ? {} : { 'continuation-token': token }),
        };
        const page = await call('ListObjectsV2', { bucket }, async (oss) =>
          objectPage.parse(await oss.listV2(query, {})),
        );
        for (const { name: key, size, lastModified: since } of page.objects ?? []) {
          found.push({ key, size, since, uploadId: null });
        }
        token = page.nextContinuationToken ?? undefined;
        if (!page.isTruncated || token === undefined) return found;
      }
    },

    async listUploads(bucket, key) {
      const found = (await listAllUploads(bucket, key)).filter((upload) => upload.key === key);
      found.sort((one, other) => (String(one.since) < String(other.since) ? 1 : -1));
      return found.map(({ uploadId }) => uploadId);
    },

    async listParts(bucket, key, uploadId) {
      const found: ListedPart[] = [];
      for (let marker = 0; ; ) {
        const query = { 'max-parts': 1000, 'part-number-marker': marker, 'encoding-type': 'url' };
        const page = await nullIfNotFound(
          call('ListParts', { bucket, key }, async (oss) => partPage.parse(await oss.listParts(key, uploadId, query))),
        );
        if (page === null) return null;
        for (const part of page.parts) {
          const crc64 = part.HashCrc64ecma === undefined ? null : BigInt(part.HashCrc64ecma);
          found.push({ number: part.PartNumber, size: part.Size, etag: withoutQuotes(part.ETag), crc64 });
        }
        const next = page.nextPartNumberMarker ?? 0;
        if (String(page.isTruncated) !== 'true' || next <= marker) return found;
        marker = next;
      }
    },

    async completeUpload(bucket, key, uploadId, parts) {
      const quoted = parts.map(({ number, etag }) => ({ number, etag: `"${etag}"` }));
      const { crc64, etag } = await call('CompleteMultipartUpload', { bucket, key }, async (oss) => {
        const { res } = await oss.completeMultipartUpload(key, uploadId, quoted);
        const error = errorIn(field(res, 'data'));
        if (error !== null) {
          const values = valuesOf({ bucket, key }, place.region);
          throw ossFailure({ action: 'CompleteMultipartUpload', ...error, values, outcomeUnknown: true });
        }
        return { res, ...objectView(key, res.headers) };
      });
      return { crc64, etag };
    },

    async abortUpload(bucket, key, uploadId) {
      await nullIfNotFound(
        call('AbortMultipartUpload', { bucket, key }, (oss) => oss.abortMultipartUpload(key, uploadId)),
      );
    },
  };
}

/** Omits an empty prefix, because ali-oss signs it differently from how it sends it. */
function prefixQuery(prefix: string): { readonly prefix?: string } {
  return prefix === '' ? {} : { prefix };
}

/** A client is used for one call, so its token is never refreshed. Without these options ali-oss writes a warning to stderr. */
function temporary(stsToken: string) {
  return {
    stsToken,
    refreshSTSToken: () => Promise.reject(new Error('the token of a client for one call is never refreshed')),
    refreshSTSTokenInterval: Number.MAX_SAFE_INTEGER,
  };
}

function unreadable(action: string, cause: z.ZodError): FailureError {
  const fields = cause.issues.map((issue) => issue.path.join('.')).join(', ');
  const message = `the response has missing or invalid fields: ${fields}`;
  return ossFailure({ action, code: 'UnreadableAnswer', message, outcomeUnknown: true, cause });
}

const NOT_FOUND_CODES = new Set(['NoSuchKey', 'NoSuchUpload', 'NoSuchBucket']);

/** Null if the object, upload or bucket does not exist. */
async function nullIfNotFound<Result>(call: Promise<Result>): Promise<Result | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof FailureError && NOT_FOUND_CODES.has(error.failure.code)) return null;
    throw error;
  }
}

/** The error in the body of a response whose status is a success: the status can be sent before the outcome is known. */
function errorIn(body: unknown): { readonly code: string; readonly message: string } | null {
  const xml = body instanceof Uint8Array ? Buffer.from(body).toString() : '';
  const text = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  if (!/<Error[\s>]/.test(xml)) return null;
  return {
    code: text('Code') ?? 'UnknownError',
    message: text('Message') ?? 'the response contains no error description',
  };
}

function objectView(key: string, raw: object): ObjectView {
  const fields = headers.parse(raw);
  const text = (name: string) => {
    const value = fields[name];
    return typeof value === 'string' ? value : null;
  };
  const restore = text('x-oss-restore');
  const meta: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith('x-oss-meta-') && typeof value === 'string') meta[name.slice('x-oss-meta-'.length)] = value;
  }
  return {
    key,
    size: Number(text('content-length') ?? 0),
    crc64: text('x-oss-hash-crc64ecma'),
    storageClass: text('x-oss-storage-class') ?? 'Standard',
    restore: restore === null ? null : restore.includes('ongoing-request="true"') ? 'ongoing' : 'restored',
    etag: withoutQuotes(text('etag') ?? ''),
    meta,
  };
}

function metaHeaders(meta: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(meta).map(([name, value]) => [`x-oss-meta-${name.toLowerCase()}`, value]));
}

export function withoutQuotes(etag: string): string {
  return etag.replace(/^"|"$/g, '');
}

/** @param result a response of ali-oss, an object with one, or its headers; read on every call, so without a schema */
function requestIdOf(result: unknown): unknown {
  return field(field(field(result, 'res'), 'headers') ?? result, 'x-oss-request-id');
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}
