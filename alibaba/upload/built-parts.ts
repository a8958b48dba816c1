/**
 * Uploads an object whose parts are built while it is sent. What earlier runs have noted of a part is the authority: it is
 * not built again, and the upload is completed with the noted ETags. The first part and the last ones follow from all others.
 */
import { FailureError } from '../../domain/errors/failure.js';
import { eitherOf } from '../../sources/abortable.js';
import { crc64, crc64Combine } from '../crc64.js';
import type { BuiltBody, BuiltPart, BuiltUploadInput, PartBody, SentPart, UploadResult } from '../oss-api.js';
import type { WireBody } from '../oss-wire.js';
import { type AdaptiveConcurrency, createAdaptiveConcurrency, runConcurrently } from './adaptive-concurrency.js';
import type { ObjectCalls, UploadSettings } from './object-calls.js';
import type { ListedPart } from './parts.js';
import { rateLimited } from './rate-limiter.js';
import { withRetries } from './retry.js';
import { checksumFailure, completeUpload, openSession, restartsUpload } from './session.js';

export type BuiltUploadRun = Omit<BuiltUploadInput, 'bucket' | 'key' | 'meta'>;

/** A body is sent in pieces of this size, which also are the units of the rate limit. */
const PIECE_BYTES = 256 * 1024;
/** Last parts that are in memory at a time: those of a disk of TiB are large. */
const MAX_ENDS = 2;

export function uploadBuilt(calls: ObjectCalls, run: BuiltUploadRun, settings: UploadSettings): Promise<UploadResult> {
  return new BuiltUpload(calls, run, settings).run();
}

class BuiltUpload {
  private bytesSent = 0;
  /** A server, e.g. a proxy before OSS, requires the length of every body: large parts are compressed twice. */
  private refusesChunks = false;
  private readonly concurrency: AdaptiveConcurrency;

  constructor(
    private readonly calls: ObjectCalls,
    private readonly input: BuiltUploadRun,
    private readonly settings: UploadSettings,
  ) {
    this.concurrency = createAdaptiveConcurrency(settings.concurrentParts, settings.maxConcurrentParts);
  }

  async run(): Promise<UploadResult> {
    const { input } = this;
    let { uploadId } = input;
    for (let restarts = 0; ; restarts++) {
      try {
        const present = await this.alreadyThere(uploadId);
        if (present !== null) return present;
        const session = await openSession(this.calls, uploadId, input, this.settings);
        uploadId = session.uploadId;
        const noted = await input.parts.begin(uploadId);
        return await this.send(uploadId, session.listed, noted);
      } catch (error) {
        if (!restartsUpload(error, restarts)) throw error;
      }
    }
  }

  /** The object of an earlier run whose last response was lost. */
  private async alreadyThere(uploadId: string | null): Promise<UploadResult | null> {
    const { wholeCrc64 } = this.input;
    if (wholeCrc64 === null) return null;
    const object = await this.retried(() => this.calls.head());
    if (object === null || object.crc64 !== wholeCrc64) return null;
    await this.input.parts.check();
    if (uploadId !== null) await this.retried(() => this.calls.abort(uploadId));
    return { size: object.size, crc64: wholeCrc64, etag: object.etag, bytesSent: this.bytesSent };
  }

  private async send(uploadId: string, listed: readonly ListedPart[], noted: readonly SentPart[]) {
    const { parts, signal } = this.input;
    const inCloud = new Map(listed.map((part) => [part.number, part]));
    const isThere = ({ number, length, etag }: SentPart) => {
      const part = inCloud.get(number);
      return length === 0 || (part?.size === length && isSameEtag(part.etag, etag));
    };
    const done = new Map<number, SentPart>();
    for (const part of noted.filter(isThere)) done.set(part.number, part);
    const limit = () => this.concurrency.limit + parts.builders;
    await runConcurrently(parts.toBuild(new Set(done.keys()), signal), limit, signal, async (part, stop) => {
      const sent = await this.sendPart(uploadId, part, stop);
      await parts.note(uploadId, sent);
      done.set(sent.number, sent);
      parts.onDone(sent.number);
    });
    await parts.check();
    const data = [...done.values()].filter(({ length }) => length > 0).sort(byNumber);
    const ends = await this.sendEnds(uploadId, data, inCloud);
    await parts.check();
    const all = [ends.first, ...data, ...ends.last];
    const crc = all.reduce((sum, part) => crc64Combine(sum, BigInt(part.crc64), part.length), 0n).toString();
    await this.input.onWhole(crc);
    const whole = { parts: all, size: all.reduce((sum, { length }) => sum + length, 0), crc64: crc };
    const { size, etag } = await completeUpload(this.calls, uploadId, whole, this.settings, signal);
    return { size, crc64: crc, etag, bytesSent: this.bytesSent };
  }

  /** The last parts, one after another, because each is only made when it is needed; then the first one. */
  private async sendEnds(uploadId: string, data: readonly SentPart[], inCloud: ReadonlyMap<number, ListedPart>) {
    const { first, last } = await this.input.parts.ends(data);
    const { signal } = this.input;
    const sent: SentPart[] = [];
    const send = async ({ number, body }: PartBody): Promise<SentPart> => {
      const crc = crc64(body);
      const listed = inCloud.get(number);
      // Sent by an earlier run, from the same notes.
      if (listed?.crc64 === crc && listed.size === body.length) {
        return { number, length: body.length, crc64: crc.toString(), etag: listed.etag };
      }
      return await this.sendPart(uploadId, { number, build: async () => bodyOf(body) }, signal);
    };
    const limit = () => Math.min(MAX_ENDS, this.concurrency.limit);
    await runConcurrently(last, limit, signal, async (part) => {
      sent.push(await send(part));
      part.release();
    });
    return { first: await send(first), last: sent.sort(byNumber) };
  }

  /** A part without data is not sent: its length is 0. */
  private async sendPart(
    uploadId: string,
    { number, build }: Pick<BuiltPart, 'number' | 'build'>,
    signal: AbortSignal,
  ): Promise<SentPart> {
    // A body of known length is kept for the next attempt if no other upload waits for its memory; any other one is built again.
    let built: BuiltBody | null = await build(signal);
    let length = built.length;
    const attempt = async (): Promise<SentPart> => {
      built ??= await build(signal);
      length = built.length ?? length;
      if (built.length === 0) return { number, length: 0, crc64: '0', etag: '' };
      if (length === null && this.refusesChunks) {
        const measured = built;
        built = null;
        length = await lengthOf(measured, signal);
        if (length === null) return await attempt();
        built = await build(signal);
      }
      const { reclaimed } = built;
      const stop = eitherOf(signal, reclaimed);
      const { chunks } = built;
      const { rateLimiter } = this.settings;
      const body = new CheckedBody(length, () => rateLimited(chunks(), rateLimiter, stop.signal, PIECE_BYTES));
      let isFailed = false;
      try {
        return await this.sendBody(uploadId, number, body, stop.signal);
      } catch (error) {
        isFailed = true;
        const isReclaimed = reclaimed?.aborted === true && !signal.aborted;
        // The link is slow: fewer parts at a time.
        if (isReclaimed) this.concurrency.decrease();
        else if (length === null && isChunkRefusal(error)) this.refusesChunks = true;
        else throw error;
      } finally {
        stop.end();
        const isWanted = isFailed && (built.isWanted() || reclaimed?.aborted === true);
        if (built.length === null || isWanted) {
          built.release();
          built = null;
        }
      }
      return await attempt();
    };
    try {
      return await withRetries(this.settings, signal, attempt, (failure) => this.slowDown(failure.class));
    } finally {
      built?.release();
    }
  }

  private async sendBody(uploadId: string, number: number, body: CheckedBody, signal: AbortSignal): Promise<SentPart> {
    const onSent = (bytes: number) => {
      this.bytesSent += bytes;
      this.concurrency.sent(bytes);
    };
    const answer = await this.calls.sendPart(uploadId, number, body, onSent, signal);
    if (answer.crc64 !== null && answer.crc64 !== body.crc64.toString()) throw checksumFailure(`part ${number}`);
    return { number, length: body.sent, crc64: body.crc64.toString(), etag: answer.etag };
  }

  private slowDown(kind: FailureError['failure']['class']): void {
    if (kind === 'throttled' || kind === 'transient') this.concurrency.decrease();
  }

  private retried<Result>(call: () => Promise<Result>): Promise<Result> {
    return withRetries(this.settings, this.input.signal, call);
  }
}

function isChunkRefusal(error: unknown): boolean {
  return error instanceof FailureError && error.failure.code === 'MissingContentLength';
}

/** Reads the body, and releases it. Null: its memory was reclaimed meanwhile. */
async function lengthOf({ chunks, reclaimed, release }: BuiltBody, signal: AbortSignal): Promise<number | null> {
  let length = 0;
  try {
    for await (const chunk of chunks()) length += chunk.byteLength;
    return length;
  } catch (error) {
    if (reclaimed?.aborted !== true || signal.aborted) throw error;
    return null;
  } finally {
    release();
  }
}

/** Computes the checksum and the length of a body while it is sent. */
class CheckedBody implements WireBody {
  crc64 = 0n;
  sent = 0;

  constructor(
    readonly length: number | null,
    private readonly read: () => AsyncIterable<Uint8Array>,
  ) {}

  /** Called again if the lease of the step has expired before the first byte was sent. */
  async *chunks() {
    this.crc64 = 0n;
    this.sent = 0;
    for await (const piece of this.read()) {
      this.crc64 = crc64(piece, this.crc64);
      this.sent += piece.byteLength;
      if (this.length !== null && this.sent > this.length) throw otherLength(this.length);
      yield piece;
    }
    if (this.length !== null && this.sent < this.length) throw otherLength(this.length);
  }
}

/** A part that was compressed twice, e.g. of a file that is written meanwhile. */
function otherLength(length: number): Error {
  return new Error(`the part no longer has the ${length} bytes that were announced`);
}

function bodyOf(body: Uint8Array) {
  return {
    ...{ length: body.byteLength, chunks: () => asyncOf([body]) },
    ...{ release: () => undefined, isWanted: () => false, reclaimed: null },
  };
}

async function* asyncOf<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}

function byNumber(one: SentPart, other: SentPart): number {
  return one.number - other.number;
}

function isSameEtag(one: string, other: string): boolean {
  return one.toUpperCase() === other.toUpperCase();
}
