/** The entries of a batch file in any format: the header, then the items. */

/** `name`, `policy` and `defaults` of the batch, if the file contains them. */
export type BatchHeader = Readonly<Record<string, unknown>>;

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

/** Decodes UTF-8 in chunks. A byte order mark is dropped; invalid UTF-8 is an error. */
export async function* decoded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let lines = 1;
  const decode = (chunk?: Uint8Array) => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new BatchFileError(lines, 'these bytes are not UTF-8: save the file as UTF-8');
    }
  };
  for await (const chunk of chunks) {
    const text = decode(chunk);
    yield text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  }
  const rest = decode();
  if (rest !== '') yield rest;
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
