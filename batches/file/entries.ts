/** What every format of a batch file is read as: a header, before the items, then item after item. */

/** `name`, `policy` and `defaults` of the batch, as far as the file has them. */
export type BatchHeader = Readonly<Record<string, unknown>>;

export type Entry =
  /** Fields of the header; a reader may return them one by one, also after the items. */
  | { readonly kind: 'header'; readonly header: BatchHeader; readonly line: number }
  | { readonly kind: 'item'; readonly line: number; readonly value: unknown }
  /** This item cannot be read; those after it can. */
  | { readonly kind: 'unreadable'; readonly line: number; readonly reason: string };

/** The file as a whole cannot be read from this line on. */
export class BatchFileError extends Error {
  override readonly name = 'BatchFileError';
  constructor(
    readonly line: number,
    readonly reason: string,
  ) {
    super(`line ${line}: ${reason}`);
  }
}

/** Larger than any request that the rules allow; keeps a file without an end from filling the memory. */
export const MAX_ITEM_CHARACTERS = 256 * 1024;

export const HEADER_FIELDS: readonly string[] = ['name', 'policy', 'defaults'];

/** Decodes UTF-8 in chunks; a byte order mark is dropped, bytes that are no UTF-8 are an error. */
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
  /** Without its end. */
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
