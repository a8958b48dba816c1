/** An object in OSS: ECS imports it from where it is, so it is read only to be checked and inspected. */
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import {
  formatObjectLocation,
  isArchiveClass,
  type ObjectLocation,
  parseObjectLocation,
} from '../domain/object-location.js';
import type { ObjectFacts, ObjectReads, SourceAccess } from './access.js';
import { sha256Of } from './digest.js';
import { rangesOf, type Source, type SourceFacts, type SourceReader, sourceFailure } from './source.js';

/** Why this worker does not reach an object. */
interface OutOfReach {
  readonly outOfReach: FailureError;
}

const RANGE_BYTES = 4 * 1024 * 1024;

/** Storage classes whose objects must be restored before they can be read. */

export function ossSource(url: string, { objects }: Pick<SourceAccess, 'objects'>): Source {
  const location = parseObjectLocation(url);
  if (location === null) throw new Error(`${url} is not the location of an object`);
  const name = formatObjectLocation(location);

  /**
   * A rejected call is reported with the problems of the request; any other error ends the attempt, unless this worker does not
   * reach the object, which is in a CloudBox: ECS reads it there.
   */
  const head = async (): Promise<ObjectFacts | FailureError | OutOfReach> => {
    try {
      const object = await objects.headObject(location.bucket, location.key);
      return object === null
        ? refusal('NotFound', `object ${name} does not exist`)
        : (unusable(name, object) ?? object);
    } catch (error) {
      if (isRefused(error)) return error;
      if (error instanceof FailureError && error.failure.code === 'CloudBox.NoEndpoint') return { outOfReach: error };
      throw error;
    }
  };
  let asked: Promise<ObjectFacts | FailureError | OutOfReach> | null = null;
  const headOnce = () => {
    asked ??= head();
    return asked;
  };
  const read = async (): Promise<SourceReader> => {
    const object = await headOnce();
    if (object instanceof FailureError) throw object;
    if ('outOfReach' in object) throw object.outOfReach;
    return objectReader(objects, location, object);
  };

  return {
    name,
    place: { kind: 'object', ...location },
    object: location,

    async describe(): Promise<SourceFacts> {
      const object = await headOnce();
      const unknown = { size: null, version: null, versionIsExact: true, file: null };
      if (object instanceof FailureError) return { ...unknown, refusal: object };
      if ('outOfReach' in object) return { ...unknown, refusal: null };
      return { size: object.size, version: versionOf(name, object), versionIsExact: true, file: null, refusal: null };
    },

    async inspect(inspector) {
      const object = await headOnce();
      if (object instanceof FailureError || 'outOfReach' in object) return null;
      try {
        return await inspector.remote(rangesOf(objectReader(objects, location, object)));
      } catch (error) {
        // The cloud may be allowed to read an object that this service is not: it is imported without an inspection.
        if (isRefused(error)) return null;
        throw error;
      }
    },

    async open() {
      const reader = await read();
      return {
        ...{ reader, guarantee: reader.guarantee, file: null, sha256: null, release: () => reader.close() },
        ...{ identity: null, required: null },
      };
    },

    async digest(signal, onProgress) {
      const reader = await read();
      return await sha256Of(reader, signal, (done) => onProgress(done / reader.size));
    },
  };
}

function objectReader(objects: ObjectReads, location: ObjectLocation, object: ObjectFacts): SourceReader {
  const { bucket, key } = location;
  const { size, etag } = object;
  const name = formatObjectLocation(location);
  const replaced = (error: unknown): never => {
    if (!(error instanceof FailureError) || error.failure.status !== 412) throw error;
    throw sourceFailure('Changed', `${name} was replaced while it was read`, { cause: error });
  };
  return {
    name,
    size,
    version: versionOf(name, object),
    remote: true,
    mustReadAll: false,
    guarantee: () => 'etag',
    async *read(offset, length, _buffers, signal) {
      for (let done = 0; done < length; ) {
        signal.throwIfAborted();
        const wanted = Math.min(RANGE_BYTES, length - done);
        const bytes = await objects.readRange(bucket, key, offset + done, wanted, etag).catch(replaced);
        if (bytes.byteLength === 0) throw sourceFailure('Changed', `${name} became shorter than ${size} bytes`);
        done += bytes.byteLength;
        yield bytes;
      }
    },
    async check() {
      const now = await objects.headObject(bucket, key);
      if (now?.etag !== etag || now.size !== size) {
        throw sourceFailure('Changed', `${name} was replaced while it was read`);
      }
    },
    close: () => Promise.resolve(),
  };
}

function versionOf(name: string, { etag, crc64, size }: ObjectFacts): string {
  return `${name} ${etag} ${crc64 ?? ''} ${size}`;
}

/** The error that ECS would return for an empty or archived object; null for any other object. */
function unusable(name: string, { size, storageClass, restore }: ObjectFacts): FailureError | null {
  if (size === 0) return refusal('Size', `object ${name} is empty`);
  if (!isArchiveClass(storageClass) || restore === 'restored') return null;
  const state = restore === 'ongoing' ? ', its restore is in progress' : '';
  return refusal('NeedRestore', `object ${name} is in storage class ${storageClass}${state}`);
}

function refusal(code: 'NotFound' | 'Size' | 'NeedRestore', message: string): FailureError {
  const field = 'disks[0].source';
  return fail(`InvalidOSSObject.${code}`, message, { service: 'ecs', action: 'preflight', field });
}

function isRefused(error: unknown): error is FailureError {
  if (!(error instanceof FailureError) || error.failure.code === 'Source.Changed') return false;
  return error.failure.status === 403 || error.failure.class === 'request';
}
