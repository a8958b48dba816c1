/** An image on a web server that supports ranges: each part of an upload fetches its own bytes. */
import { setTimeout as delay } from 'node:timers/promises';
import { FailureError } from '../domain/errors/failure.js';
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
import { createRetries } from './http-retries.js';
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

export function httpReader(client: HttpClient, described: RangedHttpFacts): SourceReader {
  const { url, size } = described;
  const name = nameOf(url);
  /** The mirror in use. */
  let current: HttpFacts = described;
  /** False: bytes of several versions may have been read. Only a second read shows whether they are the same image. */
  let isOneVersion = described.version.exact;
  /** The servers of this URL report different versions, so that these say nothing. */
  let ignoresVersion = false;
  let deciding: Promise<void> | null = null;

  /** The server reports another version: it has several versions of its own, or the image was changed. */
  const decideChange = (signal: AbortSignal): Promise<void> => {
    deciding ??= (async () => {
      const found: HttpFacts[] = [];
      while (found.length < PROBES_AFTER_A_CHANGE) {
        // A new connection may lead to another server behind the same name.
        found.push(await probeHttp(client, current.place, signal, { connection: 'close' }));
      }
      // Some servers report the time of the response as the time of the change, in whole seconds.
      if (found[0]?.version.etag === null) {
        await delay(NEXT_SECOND_MS, undefined, { signal });
        found.push(await probeHttp(client, current.place, signal, { connection: 'close' }));
      }
      // One new version is a change. Several versions, or the described one again, are those of several servers.
      const [first = current] = found;
      const differs = (from: HttpFacts) => (facts: HttpFacts) =>
        compareVersions(from.version, facts.version) === 'different';
      const isNew = found.every(differs(current)) && !found.some(differs(first));
      if (isNew || found.some((facts) => facts.size !== size)) throw changed();
      ignoresVersion = true;
      isOneVersion = false;
    })().finally(() => {
      deciding = null;
    });
    return deciding;
  };

  /** Continues with the mirror that the URL leads to now. Its bytes may be others: a second read decides. */
  const changeMirror = async (signal: AbortSignal): Promise<void> => {
    const found = await probeHttp(client, url, signal);
    if (!hasRanges(found) || found.size !== size) throw changed();
    if (compareVersions(current.version, found.version) !== 'same') isOneVersion = false;
    current = found;
  };
  const isRedirected = () => current.place.href !== url.href;

  const changed = () => sourceFailure('Changed', `${name} was changed on its server while it was read`);

  /** The response with the bytes from `offset`, of the version that was described. */
  const request = async (offset: number, length: number, signal: AbortSignal): Promise<HttpAnswer> => {
    for (;;) {
      const { place, version } = current;
      const ifRange = ignoresVersion ? null : ifRangeOf(version);
      const range = `bytes=${offset}-${offset + length - 1}`;
      const answer = await client.get(
        place,
        { range, ...PLAIN, ...(ifRange === null ? {} : { 'if-range': ifRange }) },
        signal,
      );
      if (answer.status === 206 && isRange(answer, offset)) {
        const encoding = encodingOf(answer);
        if (encoding !== current.encoding) {
          answer.close();
          const message = `${name}: the server encodes only some of its responses (Content-Encoding: ${encoding ?? 'none'}), so that the image cannot be read in parts. Disable compression for this file, or download it, and import the file`;
          throw sourceFailure('Refused', message);
        }
        const compared = ignoresVersion ? 'similar' : compareVersions(version, httpVersionOf(answer.headers));
        if (compared === 'similar') isOneVersion = false;
        if (compared !== 'different') return answer;
        answer.close();
        await decideChange(signal);
        continue;
      }
      answer.close();
      if (totalOf(answer) === size) {
        const how = answer.status === 206 ? 'ignores which bytes were requested' : 'refuses a range of the image';
        const message = `${name}: the server ${how}, so that the image cannot be read in parts. Download it, and import the file`;
        throw sourceFailure('Refused', message);
      }
      if (answer.status === 206 && contentRange(answer) === null) {
        const message = `${name}: the server does not report which bytes it sends (Content-Range: ${answer.headers['content-range'] ?? 'none'}), so that the image cannot be read in parts. Download it, and import the file`;
        throw sourceFailure('Refused', message);
      }
      if (answer.status === 206 || answer.status === 416) {
        throw sourceFailure('Changed', `${name} has another size than the ${size} bytes that its server reported`);
      }
      if (answer.status === 200) {
        if (ignoresVersion) throw sourceFailure('Changed', `the server of ${name} no longer supports ranges`);
        await decideChange(signal);
        continue;
      }
      const refused = refusal(answer, url);
      // A signed target has expired, or the mirror no longer has the image.
      if (refused.failure.class === 'transient' || refused.failure.class === 'throttled' || !isRedirected())
        throw refused;
      const before = current.place.href;
      for (let tries = 0; tries < TRIES_TO_CHANGE_MIRROR && current.place.href === before; tries++) {
        await changeMirror(signal);
      }
      if (current.place.href === before) throw refused;
    }
  };

  /** The size in a response to a range; null: not given. */
  const totalOf = (answer: HttpAnswer): number | null => {
    if (answer.status === 206) return contentRange(answer)?.total ?? null;
    const whole =
      answer.status === 416 ? /^bytes \*\/(\d+)$/.exec(answer.headers['content-range'] ?? '')?.[1] : undefined;
    return whole === undefined ? null : Number(whole);
  };

  const isRange = (answer: HttpAnswer, offset: number): boolean => {
    const range = contentRange(answer);
    return range?.total === size && range.start === offset;
  };

  return {
    name,
    size,
    version: versionText(described),
    remote: true,
    mustReadAll: false,
    guarantee: () => (isOneVersion ? 'etag' : 'second-read'),

    async *read(offset, length, buffers, signal) {
      const floor = createRateFloor(name, client.limits);
      const retries = createRetries(client.limits, signal);
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
      const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
      const now = await probeHttp(client, current.place, signal).catch(async (error: unknown) => {
        if (!isRedirected() || !(error instanceof FailureError)) throw error;
        await changeMirror(signal);
        return current;
      });
      if (now.size !== size) throw changed();
      if (compareVersions(current.version, now.version) === 'different') await decideChange(signal);
    },

    close: () => Promise.resolve(),
  };
}
