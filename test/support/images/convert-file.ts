/** Converts the file at a path, as the upload does: it is opened once, before its inspection. */
import type { Convert, Converted } from '../../../images/convert/converter.js';
import { type ConvertMode, containerOf } from '../../../images/convert/decision.js';
import { inspectImage } from '../../../images/inspect.js';
import { openLocalFile } from '../../../sources/local-file.js';

export interface ConvertFileOptions {
  /** The name in the cache. */
  readonly name: string;
  readonly mode?: ConvertMode;
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
  /** Runs after the file was opened and inspected, before its conversion. */
  readonly before?: () => void;
}

export async function convertFile(path: string, convert: Convert, options: ConvertFileOptions): Promise<Converted> {
  const { name, mode = 'auto', before = () => undefined } = options;
  const file = await openLocalFile(path);
  try {
    const inspection = await inspectImage(file);
    before();
    return await convert({
      ...{ file, container: containerOf(inspection), name, mode, role: 'system' },
      signal: options.signal ?? new AbortController().signal,
      onProgress: options.onProgress ?? (() => undefined),
    });
  } finally {
    await file.close();
  }
}
