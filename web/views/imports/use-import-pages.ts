/** The pages of the list that were scrolled to. Those in sight are read again while the tab is visible. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { ApiError, get, type Schemas } from '../../api.js';
import { onReturn } from '../../live/connection.js';
import { endSession } from '../../session.js';
import type { ListQuery } from './filters.js';
import { mergePage, rowsOf } from './merge-page.js';

export type ImportRow = Schemas['ListedImport'];

const PAGE_SIZE = 100;
const REFRESH_MS = 4_000;
const RETRY_MS = 3_000;
const FIELDS = [
  ...([
    'state',
    'phase',
    'progress',
    'request',
    'image',
    'attention',
    'waitingFor',
    'error',
    'createdAt',
    'updatedAt',
  ] as const),
];

interface Page {
  /** Null: the first page. */
  readonly cursor: string | null;
  readonly rows: readonly ImportRow[];
  readonly next: string | null;
}

export interface ImportPages {
  readonly rows: readonly ImportRow[];
  /** False before the first page has arrived. */
  readonly isLoaded: boolean;
  readonly hasMore: boolean;
  readonly error: ApiError | null;
  /** The rows in sight, by their numbers: loads what is missing, and keeps these up to date. */
  readonly show: (first: number, last: number) => void;
  readonly reload: () => void;
}

export function useImportPages(query: ListQuery): ImportPages {
  const key = JSON.stringify(query);
  const state = useSignal<{ readonly key: string; readonly pages: readonly Page[]; readonly error: ApiError | null }>({
    ...{ key, pages: [], error: null },
  });
  const sight = useRef({ first: 0, last: 0 });
  const run = useRef<{ more: () => void; refresh: () => void }>({ more: () => {}, refresh: () => {} });

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isBusy = false;
    state.value = { key, pages: [], error: null };

    async function read(cursor: string | null): Promise<Page> {
      const answer = await get('/v1/imports', {
        query: { ...query, limit: PAGE_SIZE, fields: FIELDS, ...(cursor === null ? {} : { cursor }) },
        signal: stop.signal,
      });
      return { cursor, rows: answer.imports, next: answer.nextCursor };
    }

    /** One at a time: pages follow each other. */
    async function work(step: () => Promise<readonly Page[]>): Promise<void> {
      if (isBusy || stop.signal.aborted) return;
      isBusy = true;
      clearTimeout(timer);
      let nextMs = REFRESH_MS;
      try {
        const pages = await step();
        if (!stop.signal.aborted) state.value = { key, pages, error: null };
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 401) return endSession();
        const { pages } = state.value;
        state.value = { key, pages, error: error.status === 0 && pages.length > 0 ? null : error };
        nextMs = Math.max(RETRY_MS, (error.retryAfterSeconds ?? 0) * 1_000);
      } finally {
        isBusy = false;
      }
      timer = setTimeout(() => {
        if (document.visibilityState === 'visible') refresh();
      }, nextMs);
      if (needsMore()) more();
    }

    /** A page of a list with rare filters may have no rows, and yet a next one. */
    function needsMore(): boolean {
      const { pages, error } = state.value;
      const last = pages.at(-1);
      const rows = pages.reduce((sum, page) => sum + page.rows.length, 0);
      return error === null && last !== undefined && last.next !== null && sight.current.last + PAGE_SIZE / 2 > rows;
    }

    function more(): void {
      void work(async () => {
        const { pages } = state.value;
        const last = pages.at(-1);
        if (last === undefined) return [await read(null)];
        return last.next === null ? pages : [...pages, await read(last.next)];
      });
    }

    function refresh(): void {
      void work(async () => {
        const { pages } = state.value;
        if (pages.length === 0) return [await read(null)];
        const kept: Page[] = [];
        let start = 0;
        for (const page of pages) {
          const { length } = page.rows;
          const isInSight = start <= sight.current.last && start + length >= sight.current.first;
          start += length;
          if (!isInSight) {
            kept.push(page);
            continue;
          }
          const fresh = await read(page.cursor);
          const rows = mergePage(page.rows, fresh.rows);
          if (rows === null) return [...kept, fresh];
          kept.push({ ...page, rows });
        }
        return kept;
      });
    }

    run.current = { more, refresh };
    const unsubscribe = onReturn(refresh);
    more();
    return () => {
      stop.abort();
      clearTimeout(timer);
      unsubscribe();
    };
  }, [key]);

  const { value } = state;
  const isCurrent = value.key === key;
  const pages = isCurrent ? value.pages : [];
  const rows = useMemo(() => rowsOf(pages.map((page) => page.rows)), [pages]);
  return {
    rows,
    isLoaded: pages.length > 0,
    hasMore: pages.at(-1)?.next !== null,
    error: isCurrent ? value.error : null,
    show(first, last) {
      sight.current = { first, last };
      if (last + PAGE_SIZE / 2 > rows.length && pages.at(-1)?.next != null) run.current.more();
    },
    reload: () => run.current.refresh(),
  };
}
