/** An image on a web server that supports ranges: each part of an upload fetches its own bytes. */
import { setTimeout as delay } from 'node:timers/promises';
import { FailureError } from '../domain/errors/failure.js';
import { abortable } from './abortable.js';
import {
  contentRange,
  encodingOf,
  type HttpFacts,
  hasRanges,
  PLAIN,
  probeHttp,
  type RangedHttpFacts,
  refusal,
  versionText,
} from './http-probe.js';
import { type HttpAnswer, type HttpClient, nameOf } from './http-request.js';
import { createRetries, isTemporary } from './http-retries.js';
import { compareVersions, httpVersionOf, ifRangeOf } from './http-version.js';
import { createRateFloor } from './rate-floor.js';
import { type SourceReader, sourceFailure } from './source.js';

const PROBES_AFTER_A_CHANGE = 5;
const NEXT_SECOND_MS = 1_100;
/** A mirror that fails this often in a row, without a byte in between, is replaced by another one. */
const FAILURES_OF_A_MIRROR = 2;
/** A server that chooses a mirror at random may choose the same one again. */
const TRIES_TO_CHANGE_MIRROR = 4;
const CHECK_TIMEOUT_MS = 60_000;

/** What one of several servers may answer, although the others have the image. */
const OF_ONE_SERVER: readonly string[] = ['Source.NotThere', 'Source.Forbidden', 'Source.Refused'];

function isOfOneServer({ failure }: FailureError): boolean {
  return OF_ONE_SERVER.includes(failure.code);
}

export function httpReader(client: HttpClient, described: RangedHttpFacts): SourceReader {
  const { url, size } = described;
  const name = nameOf(url);
  /** The mirror in use. */
  let current: HttpFacts = described;
  /** False: bytes of several versions may have been read. Only a second read shows whether they are the same image. */
  let isOneVersion = described.version.exact;
  /** The servers of this URL report different versions, so that these say nothing. */
  let ignoresVersion = false;
  /** The server sends the whole image if a range has If-Range, although its version is the one that was described. */
  let omitsIfRange = false;
  /** The server does not send what was requested, although the image is there, and unchanged: requested again a few times. */
  const repeatable = new WeakSet<FailureError>();
  let deciding: Promise<void> | null = null;

  /** A new connection may lead to another server behind the same name. */
  const probeAgain = async (from: URL, signal: AbortSignal): Promise<HttpFacts> => {
    const retries = createRetries(client.limits, signal, isOfOneServer);
    for (;;) {
      try {
        return await probeHttp(client, from, signal, { connection: 'close' });
      } catch (error) {
        if (error instanceof FailureError && error.failure.code === 'Source.Empty') throw changed();
        await retries.waitAfter(error, false);
      }
    }
  };
  const withinLimit = async (run: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    const limit = new AbortController();
    const timer = setTimeout(() => {
      const message = `${name} was not described again within ${CHECK_TIMEOUT_MS / 1000} s`;
      limit.abort(sourceFailure('Unreachable', message));
    }, CHECK_TIMEOUT_MS).unref();
    await run(limit.signal).finally(() => clearTimeout(timer));
  };

  /** The server reports another version: it has several versions of its own, or the image was changed. */
  const decideChange = async (signal: AbortSignal): Promise<void> => {
    const found: HttpFacts[] = [];
    while (found.length < PROBES_AFTER_A_CHANGE) {
      found.push(await probeAgain(current.place, signal));
    }
    // Some servers report the time of the response as the time of the change, in whole seconds.
    if (found[0]?.version.etag === null) {
      await delay(NEXT_SECOND_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
      found.push(await probeAgain(current.place, signal));
    }
    // One new version is a change. Several versions, or the described one again, are those of several servers.
    const [first = current] = found;
    const differs = (from: HttpFacts) => (facts: HttpFacts) =>
      compareVersions(from.version, facts.version) === 'different';
    const isNew = found.every(differs(current)) && !found.some(differs(first));
    if (isNew || found.some((facts) => facts.size !== size)) throw changed();
    ignoresVersion = true;
    isOneVersion = false;
  };
  /** One decision for all reads that wait for it, of which any may be aborted. */
  const untilDecided = (signal: AbortSignal): Promise<void> => {
    deciding ??= withinLimit(decideChange).finally(() => {
      deciding = null;
    });
    deciding.catch(() => undefined);
    return abortable(deciding, signal);
  };

  /** Continues with the mirror that the URL leads to now. Its bytes may be others: a second read decides. */
  const changeMirror = async (signal: AbortSignal): Promise<void> => {
    const found = await probeAgain(url, signal);
    if (!hasRanges(found) || found.size !== size) throw changed();
    if (compareVersions(current.version, found.version) !== 'same') isOneVersion = false;
    current = found;
  };
  const isRedirected = () => current.place.href !== url.href;

  const changed = () => sourceFailure('Changed', `${name} was changed on its server while it was read`);

  /** Throws if the image was changed, or is not there any more. */
  const requireUnchanged = async (signal: AbortSignal): Promise<void> => {
    const found = await probeAgain(current.place, signal);
    if (found.size !== null && found.size !== size) throw changed();
    if (!ignoresVersion && compareVersions(current.version, found.version) === 'different') await untilDecided(signal);
  };

  /**
   * The failure for a response without the bytes that were requested: some servers behind a name have an older image, or none,
   * and caches return errors of their own. The request is repeated, unless the image was changed.
   */
  const repeated = async (failure: FailureError, signal: AbortSignal): Promise<FailureError> => {
    const before = current.place.href;
    // A signed target has expired, or the mirror no longer has the image.
    for (let tries = 0; isRedirected() && tries < TRIES_TO_CHANGE_MIRROR && current.place.href === before; tries++) {
      await changeMirror(signal);
    }
    if (current.place.href === before) {
      await requireUnchanged(signal).catch((error: unknown) => {
        // The failure at hand says which range.
        throw error instanceof FailureError && error.failure.code === 'Source.Refused' ? failure : error;
      });
    }
    repeatable.add(failure);
    return failure;
  };
  const refused = (why: string) =>
    sourceFailure(
      'Refused',
      `${name}: the server ${why}, so that the image cannot be read in parts. Download it, and import the file`,
    );

  /** The response with the bytes from `offset`, of the version that was described. */
  const request = async (offset: number, length: number, signal: AbortSignal): Promise<HttpAnswer> => {
    for (;;) {
      const { place, version } = current;
      const ifRange = ignoresVersion || omitsIfRange ? null : ifRangeOf(version);
      const range = `bytes=${offset}-${offset + length - 1}`;
      const answer = await client.get(
        place,
        { range, ...PLAIN, ...(ifRange === null ? {} : { 'if-range': ifRange }) },
        signal,
      );
      const compared = ignoresVersion ? 'similar' : compareVersions(version, httpVersionOf(answer.headers));
      const encoding = encodingOf(answer);
      const isFit = isRange(answer, offset) || (length === size && isWhole(answer));
      if (isFit && encoding === current.encoding && compared !== 'different') {
        if (compared === 'similar') isOneVersion = false;
        return answer;
      }
      answer.close();
      if ((isFit && encoding === current.encoding) || answer.status === 200) {
        if (compared === 'different') {
          await untilDecided(signal);
          continue;
        }
        if (ifRange !== null) {
          omitsIfRange = true;
          continue;
        }
      }
      const failure = isFit
        ? refused(`encodes only some of its responses (Content-Encoding: ${encoding ?? 'none'})`)
        : failureOf(answer);
      throw isTemporary(failure) ? failure : await repeated(failure, signal);
    }
  };

  const failureOf = (answer: HttpAnswer): FailureError => {
    const { status, headers } = answer;
    if (status === 200) return refused('no longer supports ranges');
    if (status === 416 || status === 206) {
      const total = totalOf(answer);
      if (total !== null && total !== size)
        return refused(`reports ${total} bytes for some ranges, instead of ${size}`);
      if (status === 416) return refused('refuses a range of the image');
      if (total !== null) return refused('ignores which bytes were requested');
      return refused(`does not report which bytes it sends (Content-Range: ${headers['content-range'] ?? 'none'})`);
    }
    return refusal(answer, url);
  };

  /** The size in a response to a range; null: not given. */
  const totalOf = (answer: HttpAnswer): number | null => {
    if (answer.status === 206) return contentRange(answer)?.total ?? null;
    const whole =
      answer.status === 416 ? /^bytes \*\/(\d+)$/.exec(answer.headers['content-range'] ?? '')?.[1] : undefined;
    return whole === undefined ? null : Number(whole);
  };

  const isRange = (answer: HttpAnswer, offset: number): boolean => {
    const range = answer.status === 206 ? contentRange(answer) : null;
    return range?.total === size && range.start === offset;
  };

  /** Some servers send it for a range of all bytes. */
  const isWhole = ({ status, headers }: HttpAnswer) => status === 200 && Number(headers['content-length']) === size;

  return {
    name,
    size,
    version: versionText(described),
    remote: true,
    mustReadAll: false,
    guarantee: () => (isOneVersion ? 'etag' : 'second-read'),

    async *read(offset, length, buffers, signal) {
      const floor = createRateFloor(name, client.limits);
      const retries = createRetries(client.limits, signal, (error) => isTemporary(error) || repeatable.has(error));
      const end = offset + length;
      let [filling, other] = buffers;
      let filled = 0;
      let at = offset;
      floor.resume();
      while (at < end) {
        const startedAt = at;
        let answer: HttpAnswer | null = null;
        try {
          answer = await request(at, end - at, signal);
          for await (const piece of answer.pieces()) {
            if (at + piece.byteLength > end) {
              throw sourceFailure('Unreachable', `${name} sent more bytes than requested`);
            }
            for (let taken = 0; taken < piece.byteLength; ) {
              const part = piece.subarray(taken, taken + filling.byteLength - filled);
              filling.set(part, filled);
              filled += part.byteLength;
              taken += part.byteLength;
              at += part.byteLength;
              if (filled < filling.byteLength) continue;
              floor.pause();
              yield filling;
              floor.resume();
              [filling, other] = [other, filling];
              filled = 0;
            }
            floor.received(piece.byteLength);
          }
          if (at < end) throw sourceFailure('Unreachable', `${name} closed the connection before all bytes arrived`);
        } catch (error) {
          if (at === startedAt) floor.outage();
          await retries.waitAfter(error, at > startedAt);
          if (isRedirected() && retries.failures >= FAILURES_OF_A_MIRROR) await changeMirror(signal);
        } finally {
          if (at < end) answer?.close();
        }
      }
      if (filled > 0) yield filling.subarray(0, filled);
    },

    async check() {
      if (ignoresVersion) return;
      await withinLimit(async (signal) => {
        const now = await probeAgain(current.place, signal).catch(async (error: unknown) => {
          if (!isRedirected() || !(error instanceof FailureError)) throw error;
          await changeMirror(signal);
          return current;
        });
        if (now.size !== size) throw changed();
        if (compareVersions(current.version, now.version) === 'different') await untilDecided(signal);
      });
    },

    close: () => Promise.resolve(),
  };
}
