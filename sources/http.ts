/** An image on a web server: read in ranges if the server supports them, otherwise downloaded to the cache. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { SourceAccess } from './access.js';
import { copySource, copyStream } from './copy.js';
import { hashedInOrder, sha256Of } from './digest.js';
import { openFile } from './file.js';
import { type HttpFacts, hasRanges, httpReader, probeHttp, versionOf } from './http-ranges.js';
import { nameOf } from './http-request.js';
import { openLocalFile } from './local-file.js';
import { type OpenedSource, type OpenOptions, rangesOf, type Source } from './source.js';

export function httpSource(address: string, access: SourceAccess): Source {
  const url = new URL(address);
  let asked: Promise<HttpFacts> | null = null;
  const probe = (signal: AbortSignal) => {
    asked ??= probeHttp(access.http, url, signal);
    return asked;
  };
  const openHttp = async (options: OpenOptions): Promise<OpenedSource> => {
    const facts = await probe(options.signal);
    if (options.asFile || !hasRanges(facts)) return openCopy(access, facts, options);
    const remote = httpReader(access.http, facts);
    const sha256 = options.sha256?.toLowerCase() ?? null;
    const reader = sha256 === null ? remote : hashedInOrder(remote, sha256);
    return { reader, file: null, sha256, release: () => reader.close() };
  };

  return {
    name: nameOf(url),
    place: { kind: 'http', url: url.href },
    object: null,

    async describe(signal) {
      const facts = await probe(signal);
      return { size: facts.size, version: versionOf(facts), file: null, refusal: null };
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

/** Downloads the image. A restarted worker reuses the copy if the server reports an unchanged image. */
async function openCopy(access: SourceAccess, facts: HttpFacts, options: OpenOptions): Promise<OpenedSource> {
  const { http, cache } = access;
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
      if (hasRanges(facts)) await copySource(httpReader(http, facts), handle, copyOptions);
      else await copyStream(http, url, handle, copyOptions);
    } finally {
      await handle.close();
    }
  });
  try {
    const local = await openFile(await openLocalFile(copy.path), access, options);
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
