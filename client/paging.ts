/** Retries of reads, and paged lists. */
import type { Page } from './answers.js';
import type { CallSettings } from './transport.js';

/** For reads. Longer than the restart of a supervised API takes. */
export const RETRYING: CallSettings = { retryForMs: 3_000 };

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
