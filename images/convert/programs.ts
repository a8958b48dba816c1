/** The programs that conversions need, and the failures where one is missing. */
import type { FailureError } from '../../domain/errors/failure.js';
import { type CodesIn, fail } from '../../domain/errors/index.js';
import { type Compression, canDecompress } from './decompress.js';
import { findQemuImg, type QemuImg } from './qemu-img.js';

/** Checked again and again: installing a program needs no restart. */
export interface Programs {
  /** Null: not installed. */
  qemuImg(): Promise<QemuImg | null>;
  decompressor(compression: Compression): Promise<boolean>;
}

/** Each check starts a process; without a memory a batch would start three for every image. */
const CHECK_INTERVAL_MS = 5_000;

export const INSTALLED: Programs = { qemuImg: remembered(() => findQemuImg()), decompressor: canDecompress };

function remembered<T>(check: () => Promise<T>): () => Promise<T> {
  let known: { readonly answer: Promise<T>; readonly untilMs: number } | null = null;
  return () => {
    const now = Date.now();
    if (known === null || now >= known.untilMs) known = { answer: check(), untilMs: now + CHECK_INTERVAL_MS };
    return known.answer;
  };
}

export async function requireQemuImg(programs: Programs, format: string): Promise<QemuImg> {
  const found = await programs.qemuImg();
  if (found !== null) return found;
  throw convertFailure('NoQemuImg', `the image is ${format} and must be converted, but this worker has no qemu-img`);
}

/** @param code without its `Convert.` */
export function convertFailure(code: CodesIn<'Convert'>, message: string, cause?: unknown): FailureError {
  return fail(`Convert.${code}`, message, { cause });
}
