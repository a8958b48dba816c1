/**
 * Uploads one source to one object, from where an earlier run stopped. The cloud reports what is already there; every part
 * and the whole object are compared with the source by CRC64.
 */
import { createHash } from 'node:crypto';
import { type BufferPair, type SourceReader, sourceFailure } from '../../sources/source.js';
import { crc64Combine } from '../crc64.js';
import type { NotedPart, UploadInput, UploadNotes, UploadResult } from '../oss-api.js';
import type { WireBody } from '../oss-wire.js';
import { type AdaptiveConcurrency, createAdaptiveConcurrency, runConcurrently } from './adaptive-concurrency.js';
import { ownBuffers, withBuffers } from './buffers.js';
import { type CheckedPiece, prepareChecked, readChecked } from './checked-reads.js';
import type { ObjectCalls, UploadSettings } from './object-calls.js';
import { cutIntoParts, type ListedPart, type Part, partSizeToContinue } from './parts.js';
import { rateLimited } from './rate-limiter.js';
import { withRetries } from './retry.js';
import { checksumFailure, completeUpload, openSession, restartsUpload } from './session.js';

export type UploadRun = Omit<UploadInput, 'bucket' | 'key' | 'meta'>;

interface DonePart {
  readonly number: number;
  readonly length: number;
  readonly etag: string;
  readonly crc64: bigint;
}

export function uploadSource(calls: ObjectCalls, run: UploadRun, settings: UploadSettings): Promise<UploadResult> {
  return new Upload(calls, run, settings).run();
}

const CHECK_EVERY_MS = 100;

class Upload {
  private bytesSent = 0;
  private nextCheck = 0;
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
    prepareChecked(this.source);
    let uploadId = this.input.uploadId;
    for (let restarts = 0; ; restarts++) {
      try {
        const present = this.isNew(uploadId, restarts) ? null : await this.alreadyThere(uploadId);
        if (present) return present;
        const session = await openSession(this.calls, uploadId, this.input, this.settings);
        uploadId = session.uploadId;
        const parts = await this.sendParts(session.uploadId, session.listed);
        await this.source.check();
        if (this.source.guarantee() === 'second-read') await this.readAgain(parts);
        return await this.complete(session.uploadId, parts);
      } catch (error) {
        if (!restartsUpload(error, restarts)) throw error;
      }
    }
  }

  /** No earlier run can have sent this object. */
  private isNew(uploadId: string | null, restarts: number): boolean {
    return this.input.isFirst === true && uploadId === null && restarts === 0;
  }

  /** The object of an earlier run whose last response was lost, or of another import of the same content. */
  private async alreadyThere(uploadId: string | null): Promise<UploadResult | null> {
    const object = await this.retried(() => this.calls.head());
    if (object === null || object.size !== this.source.size || object.crc64 === null) return null;
    const mustRead = this.source.mustReadAll || this.source.guarantee() === 'second-read';
    if (mustRead || this.notes.wholeCrc64 !== object.crc64) {
      const whole = { number: 1, offset: 0, length: this.source.size };
      const { crc } = await this.digest(whole, this.input.signal, false);
      if (crc.toString() !== object.crc64) return null;
    }
    await this.source.check();
    if (uploadId !== null) await this.retried(() => this.calls.abort(uploadId));
    this.input.onProgress({ bytesDone: this.source.size, bytesTotal: this.source.size });
    return { size: object.size, crc64: object.crc64, etag: object.etag, bytesSent: this.bytesSent };
  }

  private async sendParts(uploadId: string, listed: readonly ListedPart[]): Promise<DonePart[]> {
    const { size } = this.source;
    const partSize = partSizeToContinue(listed, size, this.settings.partSize);
    const parts = cutIntoParts(size, partSize);
    const inCloud = new Map(listed.map((part) => [part.number, part]));
    const noted = new Map(this.notes.parts.map((part) => [part.number, part]));
    const concurrency = createAdaptiveConcurrency(this.settings.concurrentParts, this.settings.maxConcurrentParts);
    const done: DonePart[] = [];
    let bytesDone = 0;
    const moved = (bytes: number) => {
      bytesDone += bytes;
      this.input.onProgress({ bytesDone, bytesTotal: size });
    };

    await runConcurrently(
      parts,
      () => concurrency.limit,
      this.input.signal,
      async (part, signal) => {
        const known = inCloud.get(part.number);
        const kept = known && (await this.unlessChanged(part, known, noted.get(part.number), signal));
        if (kept) moved(part.length);
        const unchanged = this.noticeChange();
        unchanged.catch(() => undefined);
        const there = kept ?? (await this.sendPart(uploadId, part, signal, concurrency, moved));
        this.input.onPart?.({ number: there.number, length: there.length, crc64: there.crc64.toString() });
        done.push(there);
        await unchanged;
      },
    );
    return done.sort((one, other) => one.number - other.number);
  }

  /** Fails early if a file has changed; the check before the completion decides. Small parts take less time than a check. */
  private async noticeChange(): Promise<void> {
    const now = performance.now();
    if (this.source.remote || now < this.nextCheck) return;
    this.nextCheck = now + CHECK_EVERY_MS;
    await this.source.check();
  }

  /** The part in the cloud if it equals the source's bytes; null if the part must be sent. */
  private async unlessChanged(part: Part, listed: ListedPart, noted: NotedPart | undefined, signal: AbortSignal) {
    if (listed.size !== part.length) return null;
    const there = { number: part.number, length: part.length, etag: listed.etag };
    // Notes and cloud agree on the part: do not fetch it again over a network.
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

  /** Compares the source with what was sent: without a strong ETag, parts may be of different versions of the source. */
  private async readAgain(sent: readonly DonePart[]): Promise<void> {
    const { size, name } = this.source;
    const [first] = sent;
    const parts = cutIntoParts(size, first?.length ?? size);
    const wanted = new Map(sent.map(({ number, crc64: crc }) => [number, crc]));
    await runConcurrently(
      parts,
      () => this.settings.concurrentParts,
      this.input.signal,
      async (part, signal) => {
        const { crc } = await this.digest(part, signal, false);
        if (crc === wanted.get(part.number)) return;
        throw sourceFailure('Changed', `${name} was changed while it was uploaded: a second read gives other bytes`);
      },
    );
  }

  private digest(part: Part, signal: AbortSignal, withMd5: boolean) {
    return withRetries(this.settings, signal, () =>
      this.inTurn(part, signal, async (buffers) => {
        let crc = 0n;
        const md5 = createHash('md5');
        for await (const piece of readChecked(this.source, part, buffers, signal)) {
          signal.throwIfAborted();
          crc = piece.crc64;
          if (withMd5) md5.update(piece.bytes);
        }
        return { crc, md5: md5.digest('hex') };
      }),
    );
  }

  private sendPart(
    uploadId: string,
    part: Part,
    signal: AbortSignal,
    concurrency: AdaptiveConcurrency,
    moved: (bytes: number) => void,
  ): Promise<DonePart> {
    let sentInAttempt = 0;
    const attempt = () =>
      this.inTurn(part, signal, async (buffers) => {
        sentInAttempt = 0;
        const read = () => readChecked(this.source, part, buffers, signal);
        const { rateLimiter } = this.settings;
        const body = new CheckedBody(part.length, read, (bytes) => rateLimited(bytes, rateLimiter, signal));
        const onSent = (bytes: number) => {
          sentInAttempt += bytes;
          this.bytesSent += bytes;
          concurrency.sent(bytes);
          moved(bytes);
        };
        const answer = await this.calls.sendPart(uploadId, part.number, body, onSent, signal);
        if (answer.crc64 !== null && answer.crc64 !== body.crc64.toString())
          throw checksumFailure(`part ${part.number}`);
        return { number: part.number, length: part.length, etag: answer.etag, crc64: body.crc64 };
      });
    return withRetries(this.settings, signal, attempt, (failure) => {
      if (sentInAttempt > 0) moved(-sentInAttempt);
      if (failure.class === 'throttled' || failure.class === 'transient') concurrency.decrease();
    });
  }

  private async inTurn<Result>(
    { offset, length }: Part,
    signal: AbortSignal,
    use: (buffers: BufferPair) => Promise<Result>,
  ): Promise<Result> {
    await this.source.ready?.(offset, length, signal);
    // A slow server would hold the buffers that all uploads share.
    return this.source.remote ? await use(ownBuffers()) : await withBuffers(use);
  }

  private async complete(uploadId: string, parts: readonly DonePart[]): Promise<UploadResult> {
    const crc = parts.reduce((sum, part) => crc64Combine(sum, part.crc64, part.length), 0n).toString();
    await this.input.onWhole?.(crc);
    const whole = { parts, size: this.source.size, crc64: crc };
    const { size, etag } = await completeUpload(this.calls, uploadId, whole, this.settings, this.input.signal);
    return { size, crc64: crc, etag, bytesSent: this.bytesSent };
  }

  private retried<Result>(call: () => Promise<Result>): Promise<Result> {
    return withRetries(this.settings, this.input.signal, call);
  }
}

/** The body of a part, and the CRC64 of what was sent of it. */
class CheckedBody implements WireBody {
  crc64 = 0n;

  constructor(
    readonly length: number,
    private readonly read: () => AsyncIterable<CheckedPiece>,
    private readonly limited: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  ) {}

  chunks() {
    return this.limited(this.checked());
  }

  private async *checked() {
    this.crc64 = 0n;
    for await (const { bytes, crc64 } of this.read()) {
      this.crc64 = crc64;
      yield bytes;
    }
  }
}
