/** The digest that a request requires of a source: computed over the reads of the upload, or by a read of its own beside it. */
import type { RequiredDigest } from '../../sources/source.js';

/**
 * How a digest became known: over the reads of the upload, by another read, from the copy that was downloaded, or in an earlier
 * import of the same file.
 */
export type DigestOrigin = 'same-reads' | 'another-read' | 'copy' | 'known';

export interface VerifiedDigest {
  readonly sha256: string;
  readonly origin: DigestOrigin;
  /** Bytes that an earlier attempt had sent, and that were read again for the digest. */
  readonly bytesReadAgain: number;
}

export interface Verification {
  /** True: no read for the digest has begun. */
  readonly isOpen: boolean;
  /** Begins to read the source, unless a read has begun. */
  readBeside(): void;
  /** Takes the digest of all bytes that the upload read. Throws `Source.DigestMismatch`. */
  accept(sha256: string, bytesReadAgain: number): Promise<void>;
  /** Resolves when the digest is known; reads the source unless another read has given it. Throws `Source.DigestMismatch`. */
  result(): Promise<VerifiedDigest>;
  /** Resolves when nothing reads the source any more. */
  settled(): Promise<void>;
}

/** @param failed called when the source has another digest, or cannot be read */
export function createVerification(
  required: RequiredDigest,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): Verification {
  let reading: Promise<string> | null = null;
  let accepted: VerifiedDigest | null = null;
  const read = (): Promise<string> => {
    reading ??= required.read(signal).catch((error: unknown) => {
      failed(error);
      throw error;
    });
    // Whoever waits for the result gets the failure.
    reading.catch(() => undefined);
    return reading;
  };
  return {
    get isOpen() {
      return reading === null && accepted === null;
    },
    readBeside: () => void read(),
    async accept(sha256, bytesReadAgain) {
      await required.accept(sha256);
      accepted = { sha256, origin: 'same-reads', bytesReadAgain };
    },
    async result() {
      return accepted ?? { sha256: await read(), origin: 'another-read', bytesReadAgain: 0 };
    },
    async settled() {
      await reading?.catch(() => undefined);
    },
  };
}
