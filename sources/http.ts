/** An image on a web server: read in ranges if the server supports them, otherwise downloaded to the cache. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { FailureError } from '../domain/errors/failure.js';
import type { SourceAccess } from './access.js';
import { copySource, copyStream } from './copy.js';
import { withCredential } from './credential.js';
import { hashedInOrder, requireDigest, sha256Of } from './digest.js';
import { openFile, openFileReader } from './file.js';
import { type HttpFacts, hasRanges, probeHttp, versionText } from './http-probe.js';
import { httpReader } from './http-ranges.js';
import { nameOf } from './http-request.js';
import { openLocalFile } from './local-file.js';
import {
  type Guarantee,
  type OpenedSource,
  type OpenOptions,
  type RequiredDigest,
  rangesOf,
  type Source,
  type SourceOptions,
  type SourceReader,
  sourceFailure,
} from './source.js';

type HttpAccess = Pick<SourceAccess, 'http' | 'cache' | 'mapExtents' | 'digestOf'>;

/** `known`: the place in the plan of an earlier step: the mirror that it described is used again */
export function httpSource(address: string, given: SourceAccess, { known, credential }: SourceOptions = {}): Source {
  const url = new URL(address);
  const http = credential === undefined ? given.http : withCredential(given.http, url, credential, given.credential);
  const { cache, mapExtents, digestOf } = given;
  const access: HttpAccess = { http, cache, mapExtents, digestOf };
  let asked: Promise<HttpFacts> | null = null;
  let mirror = known?.url === url.href ? known.mirror : undefined;
  const probe = (signal: AbortSignal) => {
    asked ??= probeMirror(access, url, mirror, signal).then((facts) => {
      mirror = mirrorOf(facts);
      return facts;
    });
    return asked;
  };
  const openHttp = async (options: OpenOptions): Promise<OpenedSource> => {
    const facts = await probe(options.signal);
    if (options.asFile || !hasRanges(facts)) return openCopy(access, facts, options);
    const remote = httpReader(access.http, facts);
    const sha256 = options.sha256?.toLowerCase() ?? null;
    const isHashed = sha256 !== null && options.inAnyOrder !== true;
    const reader = isHashed ? hashedInOrder(remote, sha256) : remote;
    return {
      ...{ reader, guarantee: reader.guarantee, file: null, sha256, release: () => reader.close() },
      ...{ identity: null, required: sha256 === null || isHashed ? null : requiredOf(remote, sha256) },
    };
  };

  return {
    name: nameOf(url),
    get place() {
      return { kind: 'http', url: url.href, ...(mirror === undefined ? {} : { mirror }) };
    },
    object: null,

    async describe(signal) {
      const facts = await probe(signal);
      const versionIsExact = facts.version.exact;
      return { size: facts.size, version: versionText(facts), versionIsExact, file: null, refusal: null };
    },

    async inspect(inspector, signal) {
      const facts = await probe(signal);
      return hasRanges(facts) ? await inspector.remote(rangesOf(httpReader(access.http, facts))) : null;
    },

    open: openHttp,

    async digest(signal, onProgress) {
      const opened = await openHttp({ sha256: undefined, asFile: false, signal, onProgress });
      const { reader } = opened;
      try {
        return opened.sha256 ?? (await sha256Of(reader, signal, (done) => onProgress(done / reader.size)));
      } finally {
        await opened.release('delete');
      }
    },
  };
}

function requiredOf(remote: SourceReader, wanted: string): RequiredDigest {
  const accept = async (found: string) => requireDigest(found, wanted, remote.name);
  return {
    async read(signal) {
      const found = await sha256Of(remote, signal);
      await accept(found);
      return found;
    },
    accept,
  };
}

/** Describes the image on the mirror of an earlier step, or on the one that the URL leads to if that mirror fails. */
async function probeMirror(
  { http }: Pick<SourceAccess, 'http'>,
  url: URL,
  mirror: string | undefined,
  signal: AbortSignal,
): Promise<HttpFacts> {
  if (mirror === undefined) return await probeHttp(http, url, signal);
  try {
    return { ...(await probeHttp(http, new URL(mirror), signal)), url };
  } catch (error) {
    if (!(error instanceof FailureError) || signal.aborted) throw error;
    return await probeHttp(http, url, signal);
  }
}

/** Recorded with the import: an address with a query is not, because it may contain a signature. */
function mirrorOf({ url, place }: HttpFacts): string | undefined {
  return place.href === url.href || place.search !== '' ? undefined : place.href;
}

/** Downloads the image. A restarted worker reuses the copy if the server reports an unchanged image. */
async function openCopy(access: HttpAccess, facts: HttpFacts, options: OpenOptions): Promise<OpenedSource> {
  const { http, cache } = access;
  const { url, size, version } = facts;
  const isKnown = version.etag !== null || version.lastModified !== null;
  const known = isKnown ? `${url.href} ${versionText(facts)}` : `${url.href} ${process.pid} ${performance.now()}`;
  const name = `web-${createHash('sha256').update(known).digest('hex')}`;
  let guarantee: Guarantee = hasRanges(facts) ? (version.exact ? 'etag' : 'second-read') : 'one-response';
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
      if (hasRanges(facts)) {
        const reader = httpReader(http, facts);
        await copySource(reader, handle, copyOptions);
        guarantee = reader.guarantee();
        if (guarantee === 'second-read' && options.sha256 === undefined) {
          await requireSameBytes(reader, target, options.signal);
        }
      } else await copyStream(http, facts, handle, copyOptions);
    } finally {
      await handle.close();
    }
  });
  try {
    const local = await openFile(await openLocalFile(copy.path), access, options);
    return {
      ...local,
      guarantee: () => (options.sha256 === undefined ? guarantee : 'sha256'),
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

/** The second read of a source whose version proves nothing: one response, compared with the copy. */
async function requireSameBytes(remote: SourceReader, copy: string, signal: AbortSignal): Promise<void> {
  const local = await openFileReader(copy);
  try {
    if ((await sha256Of(remote, signal)) === (await sha256Of(local, signal))) return;
    throw sourceFailure('Changed', `${remote.name} was changed on its server while it was downloaded`);
  } finally {
    await local.close();
  }
}
