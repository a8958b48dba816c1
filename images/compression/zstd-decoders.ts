/** The two Zstandard decoders: the one in node:zlib (Node.js 22.15 and later), else the `zstddec` package. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import zlib from 'node:zlib';
import { UnreadableError } from '../bytes.js';

/** Decodes one complete frame. Throws UnreadableError where it is damaged or has more than `maxBytes` of content. */
export type DecodeFrame = (frame: Buffer, maxBytes: number) => Buffer;

/** The types are those of Node.js 20, which has no zstd. */
interface NodeZstd {
  zstdDecompressSync(frame: Buffer, options: { chunkSize: number; maxOutputLength: number }): Buffer;
}

/** Where a process with restricted file access finds `zstddec`. */
const LOCATION_VARIABLE = 'ECS_IMPORT_ZSTDDEC';

/** zlib's smallest output buffer. */
const MIN_CHUNK = 64;

/** Null where this Node.js has no zstd. */
export function nodeDecoder(): DecodeFrame | null {
  const { zstdDecompressSync }: Partial<NodeZstd> & Pick<typeof zlib, 'constants'> = zlib;
  if (zstdDecompressSync === undefined) return null;
  return (frame, maxBytes) => {
    try {
      // One output buffer that is never full: smaller ones would be joined, which takes the memory twice.
      const chunkSize = Math.max(MIN_CHUNK, maxBytes + 1);
      return zstdDecompressSync(frame, { chunkSize, maxOutputLength: Math.max(1, maxBytes) });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      throw new UnreadableError(
        error.code === 'ERR_BUFFER_TOO_LARGE'
          ? `zstd data decompress to more than ${maxBytes} bytes`
          : `zstd data are damaged: ${error.message}`,
      );
    }
  };
}

/** The C library, compiled to WebAssembly. */
export async function wasmDecoder(): Promise<DecodeFrame> {
  const { ZSTDDecoder }: typeof import('zstddec') = await import(process.env[LOCATION_VARIABLE] ?? 'zstddec');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return (frame, maxBytes) => {
    // A size of 0 means "unknown" to the package, which then decodes without a limit.
    const bytes = decoder.decode(frame, Math.max(1, maxBytes));
    // The package reports no error: it returns no bytes for a frame that is damaged or has too much content.
    if (bytes.length === 0)
      throw new UnreadableError(`zstd data are damaged or decompress to more than ${maxBytes} bytes`);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

/**
 * What a process with restricted file access needs before it calls `wasmDecoder`: permission to read `folder`, and
 * `environment`. It gets the real path, since it could not follow the links that pnpm and `npm link` make.
 */
export function wasmDecoderAccess(): {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
} {
  const module = realpathSync(fileURLToPath(import.meta.resolve('zstddec')));
  return { folder: path.dirname(module), environment: { [LOCATION_VARIABLE]: pathToFileURL(module).href } };
}
