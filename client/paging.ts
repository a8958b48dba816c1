/** Retries of reads, and paged lists. */
import type { Page } from './answers.js';
import type { Call } from './transport.js';

/** Longer than the restart of a supervised API takes. */
const RETRY_FOR_MS = 3_000;

export function retrying(path: string): Call {
  return { method: 'GET', path, retryForMs: RETRY_FOR_MS };
}

export async function* allPages<Item>(
  read: (cursor: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    yield* page.items;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
