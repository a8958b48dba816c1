/**
 * One source into one object, from wherever an earlier run left off. What is there already is asked of the cloud, not
 * remembered; every part and the whole object are compared with the source by CRC64.
 */
import { createHash } from 'node:crypto';
import { FailureError } from '../../domain/errors/failure.js';
import type { BufferPair, SourceReader } from '../../sources/source.js';
import type { NotedPart, ObjectView, UploadInput, UploadNotes, UploadResult } from '../cloud.js';
import { crc64, crc64Combine } from '../crc64.js';
import { mayHaveHappened, ossFailure } from '../oss-errors.js';
import type { WireBody } from '../oss-wire.js';
import { adaptiveLanes, runInLanes } from './adaptive-concurrency.js';
import { withBuffers } from './buffers.js';
import { cutIntoParts, type ListedPart, type Part, partSizeToGoOnWith } from './parts.js';
import { type RetrySettings, withRetries } from './retry.js';

/** The calls to OSS that an upload makes, all about one object. Each throws `FailureError`. */
export interface ObjectCalls {
  head(): Promise<ObjectView | null>;
  /** Unfinished uploads of this key, the newest first. */
  listUploads(): Promise<readonly string[]>;
  initiate(): Promise<string>;
  /** Null when there is no such upload any more. */
  listParts(uploadId: string): Promise<readonly ListedPart[] | null>;
  sendPart(
    uploadId: string,
    partNumber: number,
    body: WireBody,
    onSent: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly etag: string; readonly crc64: string | null }>;
  complete(uploadId: string, parts: readonly { readonly number: number; readonly etag: string }[]): Promise<void>;
  abort(uploadId: string): Promise<void>;
  remove(): Promise<void>;
}

export interface UploadSettings extends RetrySettings {
  /** Wanted bytes of a part; larger where the object would else have more than 10,000 of them. */
  readonly partSize: number;
  /** Parts under way at once, at first and at most. */
  readonly lanes: number;
  readonly maxLanes: number;
  /** Waits until so many bytes may be sent. */
  readonly pace: (bytes: number, signal: AbortSignal) => Promise<void>;
}

export type UploadRun = Omit<UploadInput, 'bucket' | 'key' | 'meta'>;

interface DonePart {
  readonly number: number;
  readonly length: number;
  readonly etag: string;
  readonly crc64: bigint;
}

/** An upload that is aborted by a lifecycle rule, or whose parts were replaced, is begun again so often at most. */
const RESTARTS = 3;
const RESTART_CODES = new Set(['NoSuchUpload', 'InvalidPart', 'InvalidPartOrder']);

export function uploadSource(calls: ObjectCalls, run: UploadRun, settings: UploadSettings): Promise<UploadResult> {
  return new Upload(calls, run, settings).run();
}

class Upload {
  private bytesSent = 0;
  private readonly source: SourceReader;
  private readonly notes: UploadNotes;

  constructor(
    private readonly calls: ObjectCalls,
    private readonly input: UploadRun,
    private readonly settings: UploadSettings,
  ) {
    this.source = input.source;
    this.notes = input.notes ?? { wholeCrc64: null, parts: [] };
  }

  async run(): Promise<UploadResult> {
    let uploadId = this.input.uploadId;
    for (let restarts = 0; ; restarts++) {
      try {
        const present = await this.alreadyThere(uploadId);
        if (present) return present;
        const session = await this.session(uploadId);
        uploadId = session.uploadId;
        const parts = await this.sendParts(session.uploadId, session.listed);
        await this.source.check();
        return await this.complete(session.uploadId, parts);
      } catch (error) {
        const again = error instanceof FailureError && RESTART_CODES.has(error.failure.code) && restarts < RESTARTS;
        if (!again) throw error;
      }
    }
  }

  /** The object of an earlier run whose last answer was lost, or of another import of the same content. */
  private async alreadyThere(uploadId: string | null): Promise<UploadResult | null> {
    const object = await this.retried(() => this.calls.head());
    if (object === null || object.size !== this.source.size || object.crc64 === null) return null;
    if (this.source.mustReadAll || this.notes.wholeCrc64 !== object.crc64) {
      const whole = { number: 1, offset: 0, length: this.source.size };
      const { crc } = await this.digest(whole, this.input.signal, false);
      if (crc.toString() !== object.crc64) return null;
    }
    await this.source.check();
    if (uploadId !== null) await this.retried(() => this.calls.abort(uploadId));
    this.input.onProgress({ bytesDone: this.source.size, bytesTotal: this.source.size });
    return { size: object.size, crc64: object.crc64, etag: object.etag, bytesSent: this.bytesSent };
  }

  /** The upload to go on with. A new one is told to the ledger before a byte is sent. */
  private async session(uploadId: string | null): Promise<{ uploadId: string; listed: readonly ListedPart[] }> {
    const listed = uploadId === null ? null : await this.retried(() => this.calls.listParts(uploadId));
    if (uploadId !== null && listed !== null) return { uploadId, listed };
    let mayBeBegun = this.input.isFirst !== true;
    const begun = await this.retried(async () => {
      const orphans = mayBeBegun ? await this.calls.listUploads() : [];
      // From now on an answer may have been lost.
      mayBeBegun = true;
      return this.adoptOrInitiate(orphans);
    });
    await this.input.onUploadId(begun.uploadId);
    if (begun.isNew) return { uploadId: begun.uploadId, listed: [] };
    return { uploadId: begun.uploadId, listed: (await this.retried(() => this.calls.listParts(begun.uploadId))) ?? [] };
  }

  /** An upload whose id never reached the ledger (answer lost, process died) is taken over, not left to be paid for. */
  private async adoptOrInitiate([orphan]: readonly string[]) {
    if (orphan !== undefined) return { uploadId: orphan, isNew: false };
    return { uploadId: await this.calls.initiate(), isNew: true };
  }

  private async sendParts(uploadId: string, listed: readonly ListedPart[]): Promise<DonePart[]> {
    const { size } = this.source;
    const partSize = partSizeToGoOnWith(listed, size, this.settings.partSize);
    const parts = cutIntoParts(size, partSize);
    const inCloud = new Map(listed.map((part) => [part.number, part]));
    const noted = new Map(this.notes.parts.map((part) => [part.number, part]));
    const lanes = adaptiveLanes(this.settings.lanes, this.settings.maxLanes);
    const done: DonePart[] = [];
    let bytesDone = 0;
    const moved = (bytes: number) => {
      bytesDone += bytes;
      this.input.onProgress({ bytesDone, bytesTotal: size });
    };

    await runInLanes(
      parts,
      () => lanes.limit,
      this.input.signal,
      async (part, signal) => {
        const known = inCloud.get(part.number);
        const kept = known && (await this.unlessChanged(part, known, noted.get(part.number), signal));
        if (kept) moved(part.length);
        // A change is noticed early, on the way; what counts is the check before the completion.
        const unchanged = this.source.remote ? Promise.resolve() : this.source.check();
        unchanged.catch(() => undefined);
        const there = kept ?? (await this.sendPart(uploadId, part, signal, lanes, moved));
        this.input.onPart?.({ number: there.number, length: there.length, crc64: there.crc64.toString() });
        done.push(there);
        await unchanged;
      },
    );
    return done.sort((one, other) => one.number - other.number);
  }

  /** The part as the cloud has it, where that is what the source has there; null when it must be sent. */
  private async unlessChanged(part: Part, listed: ListedPart, noted: NotedPart | undefined, signal: AbortSignal) {
    if (listed.size !== part.length) return null;
    const there = { number: part.number, length: part.length, etag: listed.etag };
    // Notes and cloud agree on what arrived: not worth fetching it once more over a network.
    if (
      this.source.remote &&
      !this.source.mustReadAll &&
      noted?.length === part.length &&
      noted.crc64 === listed.crc64?.toString()
    ) {
      return { ...there, crc64: BigInt(noted.crc64) };
    }
    const withMd5 = listed.crc64 === null;
    const { crc, md5 } = await this.digest(part, signal, withMd5);
    const same = withMd5 ? md5 === listed.etag.toLowerCase() : crc === listed.crc64;
    return same ? { ...there, crc64: crc } : null;
  }

  private digest(part: Part, signal: AbortSignal, withMd5: boolean) {
    return withRetries(this.settings, signal, () =>
      this.withItsTurn(part, signal, async (buffers) => {
        let crc = 0n;
        const md5 = createHash('md5');
        for await (const chunk of this.source.read(part.offset, part.length, buffers, signal)) {
          signal.throwIfAborted();
          crc = crc64(chunk, crc);
          if (withMd5) md5.update(chunk);
        }
        return { crc, md5: md5.digest('hex') };
      }),
    );
  }

  private sendPart(
    uploadId: string,
    part: Part,
    signal: AbortSignal,
    lanes: ReturnType<typeof adaptiveLanes>,
    moved: (bytes: number) => void,
  ): Promise<DonePart> {
    let sentOfThisTry = 0;
    const once = () =>
      this.withItsTurn(part, signal, async (buffers) => {
        sentOfThisTry = 0;
        const body = new CheckedBody(part, (offset, length) => this.paced(offset, length, buffers, signal));
        const onSent = (bytes: number) => {
          sentOfThisTry += bytes;
          this.bytesSent += bytes;
          lanes.sent(bytes);
          moved(bytes);
        };
        const answer = await this.calls.sendPart(uploadId, part.number, body, onSent, signal);
        if (answer.crc64 !== null && answer.crc64 !== body.crc64.toString())
          throw checksumFailure(`part ${part.number}`);
        return { number: part.number, length: part.length, etag: answer.etag, crc64: body.crc64 };
      });
    return withRetries(this.settings, signal, once, (failure) => {
      if (sentOfThisTry > 0) moved(-sentOfThisTry);
      if (failure.class === 'throttled' || failure.class === 'transient') lanes.trouble();
    });
  }

  private async withItsTurn<Result>(
    { offset, length }: Part,
    signal: AbortSignal,
    use: (buffers: BufferPair) => Promise<Result>,
  ): Promise<Result> {
    await this.source.ready?.(offset, length, signal);
    return await withBuffers(use);
  }

  private async *paced(offset: number, length: number, buffers: BufferPair, signal: AbortSignal) {
    for await (const chunk of this.source.read(offset, length, buffers, signal)) {
      await this.settings.pace(chunk.byteLength, signal);
      yield chunk;
    }
  }

  private async complete(uploadId: string, parts: readonly DonePart[]): Promise<UploadResult> {
    const crc = parts.reduce((sum, part) => crc64Combine(sum, part.crc64, part.length), 0n).toString();
    await this.input.onWhole?.(crc);
    await withRetries(this.settings, this.input.signal, async () => {
      try {
        await this.calls.complete(uploadId, parts);
      } catch (error) {
        // A lost answer, or a second call after a lost one, which finds the upload gone: the object itself decides.
        const unsure =
          error instanceof FailureError && (mayHaveHappened(error.failure) || error.failure.code === 'NoSuchUpload');
        if (!unsure || !this.isSame(await this.calls.head(), crc)) throw error;
      }
    });
    const object = await this.retried(() => this.calls.head());
    if (object !== null && this.isSame(object, crc)) {
      return { size: object.size, crc64: crc, etag: object.etag, bytesSent: this.bytesSent };
    }
    // Every part was right when it arrived: someone else writes to this key. Nothing may import such an object.
    await this.retried(() => this.calls.remove());
    throw checksumFailure('the whole object');
  }

  private isSame(object: ObjectView | null, crc: string): boolean {
    return object !== null && object.size === this.source.size && object.crc64 === crc;
  }

  private retried<Result>(call: () => Promise<Result>): Promise<Result> {
    return withRetries(this.settings, this.input.signal, call);
  }
}

/** A part's bytes on their way, summed up as they pass. */
class CheckedBody implements WireBody {
  crc64 = 0n;
  readonly length: number;

  constructor(
    private readonly part: Part,
    private readonly read: (offset: number, length: number) => AsyncIterable<Uint8Array>,
  ) {
    this.length = part.length;
  }

  async *chunks() {
    for await (const chunk of this.read(this.part.offset, this.part.length)) {
      this.crc64 = crc64(chunk, this.crc64);
      yield chunk;
    }
  }
}

function checksumFailure(what: string) {
  const message = `the CRC64 that OSS gives for ${what} is not that of the bytes that were sent`;
  return ossFailure({ action: 'UploadFile', code: 'Upload.ChecksumMismatch', message });
}
