/** The entries of a batch file in any format: the header, then the items. */

/** `name`, `policy` and `defaults` of the batch, if the file contains them. */
export type BatchHeader = Readonly<Record<string, unknown>>;

/** The column of a field, as the file names it; null: it has none. @param path `disks[0].source` */
export type ColumnOf = (path: string) => string | null;

export type Entry =
  /** Header fields; a reader may return them one at a time, also after the items. */
  | { readonly kind: 'header'; readonly header: BatchHeader; readonly line: number }
  | { readonly kind: 'item'; readonly line: number; readonly value: unknown }
  /** This item cannot be read; those after it can. */
  | { readonly kind: 'unreadable'; readonly line: number; readonly reason: string };

/** The file cannot be read from this line on. */
export class BatchFileError extends Error {
  override readonly name = 'BatchFileError';
  constructor(
    readonly line: number,
    readonly reason: string,
  ) {
    super(`line ${line}: ${reason}`);
  }
}

/** Larger than any valid request. Limits the memory for a file with an unterminated item. */
export const MAX_ITEM_CHARACTERS = 256 * 1024;

export const HEADER_FIELDS: readonly string[] = ['name', 'policy', 'defaults'];

/**
 * Decodes UTF-8, and UTF-16 as spreadsheets save it, in chunks. A byte order mark is dropped; bytes that are no text are an
 * error with their line and column.
 */
export async function* decoded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  /** Bytes that are not decoded yet. */
  let pending: Uint8Array = new Uint8Array();
  let [line, column] = [1, 1];
  const decode = (bytes: Uint8Array, stream: boolean): string => {
    decoder ??= new TextDecoder(encodingOf(bytes), { fatal: true });
    const { encoding } = decoder;
    try {
      return decoder.decode(bytes, { stream });
    } catch {
      // A decoder that replaces shows where the first wrong byte is.
      const good = new TextDecoder(encoding).decode(bytes).split('\ufffd')[0] ?? '';
      advance(good);
      throw new BatchFileError(
        line,
        `column ${column}: these bytes are not ${encoding.toUpperCase()}: save the file as UTF-8`,
      );
    }
  };
  const advance = (text: string) => {
    const breaks = text.split('\n');
    const last = breaks.at(-1) ?? '';
    column = breaks.length > 1 ? last.length + 1 : column + last.length;
    line += breaks.length - 1;
  };
  for await (const chunk of chunks) {
    // The first four bytes show the encoding.
    pending = joined(pending, chunk);
    if (decoder === null && pending.length < 4) continue;
    // Whole units of UTF-16, so that the column of an error is right.
    const whole = pending.length - (pending.length % 2);
    const text = decode(pending.subarray(0, whole), true);
    pending = pending.subarray(whole);
    yield text;
    advance(text);
  }
  const rest = decode(pending, false);
  if (rest !== '') yield rest;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.length === 0 ? other : Buffer.concat([one, other]);
}

/** By the byte order mark, or by the zero bytes of UTF-16 text that begins with two ASCII characters. */
function encodingOf([a, b, c, d]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((a === 0xff && b === 0xfe) || (a !== 0 && b === 0 && c !== 0 && d === 0)) return 'utf-16le';
  if ((a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && c === 0 && d !== 0)) return 'utf-16be';
  return 'utf-8';
}

export interface Line {
  /** 1 is the first. */
  readonly number: number;
  /** Without the line terminator. */
  readonly text: string;
}

export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<Line> {
  let rest = '';
  let number = 0;
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MAX_ITEM_CHARACTERS) throw tooLong(number + 1);
    for (const part of parts) {
      number += 1;
      yield { number, text: part.endsWith('\r') ? part.slice(0, -1) : part };
    }
  }
  if (rest !== '') yield { number: number + 1, text: rest.endsWith('\r') ? rest.slice(0, -1) : rest };
}

export function tooLong(line: number): BatchFileError {
  return new BatchFileError(line, `an item is longer than ${MAX_ITEM_CHARACTERS} characters: is a bracket not closed?`);
}
