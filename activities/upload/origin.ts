/** Where a disk's bytes are to be had for its upload: a file of this host, a web server, or its copy in the cache. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { DiskPlan } from '../../domain/plan.js';
import { dataOf } from '../../images/convert/worth.js';
import { copySource, copyStream } from '../../sources/copy.js';
import { hashedInOrder, requireDigest, sha256Of } from '../../sources/digest.js';
import { openFileSource } from '../../sources/file.js';
import { describeHttp, type HttpFacts, httpSource } from '../../sources/http-source.js';
import type { ByteSource } from '../../sources/source.js';
import { holeMap } from '../../sources/sparse-extents.js';
import type { ActivityDependencies } from '../dependencies.js';

export interface Origin {
  readonly source: ByteSource;
  /** Null: it is not on this host. */
  readonly file: string | null;
  /** Of the source's bytes; null where nobody knows it before they are read. */
  readonly sha256: string | null;
  /** `keep`: this host comes back to it. */
  release(how: 'delete' | 'keep'): Promise<void>;
}

export interface OriginOptions {
  /** As the request has it, where it has one; the source is refused when it is another. */
  readonly sha256: string | undefined;
  /** The bytes have to be a file here, to be converted or looked at. */
  readonly asFile: boolean;
  readonly signal: AbortSignal;
  /** 0 to 1, of what is read or fetched before anything is sent. */
  readonly onProgress: (fraction: number) => void;
}

type Deps = Pick<ActivityDependencies, 'resolveFile' | 'uploading'>;

export async function openOrigin(deps: Deps, source: DiskPlan['source'], options: OriginOptions): Promise<Origin> {
  switch (source.kind) {
    case 'file':
      return openLocal(deps, await deps.resolveFile(source.path), options);
    case 'http':
      return openWeb(deps, new URL(source.url), options);
    case 'object':
      throw new Error(`oss://${source.bucket}/${source.key} is where it is used`);
  }
}

async function openLocal(deps: Deps, file: string, options: OriginOptions): Promise<Origin> {
  const qemuImg = await deps.uploading.programs.qemuImg();
  const data = qemuImg === null ? null : await dataOf(file, qemuImg, options.signal);
  const source = await openFileSource(file, data === null ? null : holeMap(data));
  try {
    const sha256 = await digestOf(deps, source, options);
    if (options.sha256 !== undefined) requireDigest(sha256, options.sha256, source.name);
    return { source, file, sha256, release: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Read once for each version of a file, however many imports of it there are. */
async function digestOf({ uploading }: Deps, source: ByteSource, options: OriginOptions): Promise<string> {
  const version = `${uploading.host} ${source.version}`;
  const known = await uploading.uploads.digest(version);
  if (known !== null) return known;
  return await uploading.digests.once(version, options.signal, async () => {
    const digest = await sha256Of(source, options.signal, (done) => options.onProgress(done / source.size));
    await uploading.uploads.noteDigest(version, digest);
    return digest;
  });
}

async function openWeb(deps: Deps, url: URL, options: OriginOptions): Promise<Origin> {
  const { http } = deps.uploading;
  const facts = await describeHttp(http, url, options.signal);
  const { size } = facts;
  if (size === null || !facts.takesRanges || options.asFile) return openCopy(deps, facts, options);
  const remote = httpSource(http, { ...facts, size });
  const sha256 = options.sha256?.toLowerCase() ?? null;
  const source = sha256 === null ? remote : hashedInOrder(remote, sha256);
  return { source, file: null, sha256, release: () => source.close() };
}

/** Downloads it; found again after a restart where the server tells that it is still the same. */
async function openCopy(deps: Deps, facts: HttpFacts, options: OriginOptions): Promise<Origin> {
  const { http, cache } = deps.uploading;
  const { url, size, validator } = facts;
  const known = validator === null ? `${url.href} ${process.pid} ${performance.now()}` : `${url.href} ${validator}`;
  const name = `web-${createHash('sha256').update(known).digest('hex')}`;
  const copy = await cache.obtain(name, size ?? 0, options.signal, async (target, room) => {
    const handle = await open(target, 'wx');
    const copyOptions = {
      signal: options.signal,
      onBytes: async (done: number) => {
        await room.grow(done);
        if (size !== null) options.onProgress(done / size);
      },
    };
    try {
      if (size !== null && facts.takesRanges)
        await copySource(httpSource(http, { ...facts, size }), handle, copyOptions);
      else await copyStream(http, url, handle, copyOptions);
    } finally {
      await handle.close();
    }
  });
  try {
    const local = await openLocal(deps, copy.path, options);
    return {
      ...local,
      async release(how) {
        await local.release(how);
        await copy.release(how);
      },
    };
  } catch (error) {
    await copy.release('delete');
    throw error;
  }
}
