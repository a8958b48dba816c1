/** Reads imports. */
import { isWithin, type Limits } from '../domain/access/may.js';
import { namedBy } from '../domain/access/named.js';
import { type ComparedItem, compareFindings } from '../domain/finding-comparison.js';
import type { ImportField, ImportView } from '../domain/import.js';
import type { ImportFacts } from '../domain/import-facts.js';
import type { ImportFilter, ImportSort } from '../domain/import-filter.js';
import { shownJson, shownRequest } from '../domain/request/source-secrets.js';
import type { ListedImport, StoredEvent } from '../store/import-reads.js';
import type { ImportStore } from '../store/imports.js';
import type { WaitingCause } from '../store/waiting.js';
import { cursorOf, positionIn } from './list-cursor.js';
import { createSharedReads } from './shared-reads.js';
import { causesWithin } from './waiting.js';

/** Includes the comparison of the inspection with the cloud's detection. */
export type ComparedView = ImportView & { readonly comparison: readonly ComparedItem[] };

export interface ImportPage {
  /** The JSON text of each. */
  readonly imports: readonly string[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

type Reading = Pick<ImportStore, 'get' | 'list' | 'search' | 'events' | 'facts' | 'waitingCauses' | 'stoppedImports'>;

/** Everything that is known of an import, for its report. */
export interface ImportReport {
  readonly view: ComparedView;
  readonly facts: ImportFacts;
  readonly events: readonly StoredEvent[];
}

export interface ListedFilter extends ImportFilter {
  readonly sort: ImportSort;
  /** `nextCursor` of the page before, in the same order. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  /** Absent: all fields. */
  readonly fields?: readonly ImportField[] | undefined;
}

/** Whether an index has exactly these imports in this order. Such a list has full pages, and the fastest statement. */
function isSimple({ sort, limit: _limit, cursor: _cursor, fields: _fields, ...filter }: ListedFilter): boolean {
  const isIndexed = (name: string) => ['state', 'batch', 'account'].includes(name);
  return sort === '-created' && Object.entries(filter).every(([name, value]) => value === undefined || isIndexed(name));
}

const EVENTS_PER_PAGE = 500;
/** A page of a caller who may see few of many imports ends here, also if it is not full: the next one continues. */
const MOST_READS = 5;

export function importReading(store: Reading) {
  const lists = createSharedReads<readonly ListedImport[]>();
  const searches = createSharedReads<ImportPage>();

  async function pageOf(filter: ListedFilter, limits: Limits | undefined): Promise<ImportPage> {
    const { cursor: text, fields, ...search } = filter;
    const imports: string[] = [];
    let cursor = text === undefined ? undefined : positionIn(text, search.sort);
    for (let reads = 0; reads < MOST_READS && imports.length < filter.limit; reads++) {
      const limit = filter.limit - imports.length;
      const { found, next } = await store.search(
        { ...search, limit, ...(cursor === undefined ? {} : { cursor }) },
        fields,
        limits,
      );
      // The statement only narrows the choice: this decides.
      const visible = found.filter(({ request }) => limits === undefined || isWithin(limits, namedBy(request)));
      imports.push(...visible.map(({ json }) => shownJson(json)));
      if (next === null) return { imports, nextCursor: null };
      cursor = next;
    }
    return { imports, nextCursor: cursor === undefined ? null : cursorOf(cursor, search.sort) };
  }

  return {
    /** Null if the import does not exist. */
    async get(importId: string): Promise<ComparedView | null> {
      const found = await store.get(importId);
      if (found === null) return null;
      const { attentionVersion: _internal, ...view } = found;
      return { ...view, request: shownRequest(view.request), comparison: compareFindings(view.findings) };
    },

    /** Null if the import does not exist. */
    async report(importId: string): Promise<ImportReport | null> {
      const view = await this.get(importId);
      if (view === null) return null;
      const events: StoredEvent[] = [];
      for (;;) {
        const page = await store.events(importId, events.at(-1)?.id ?? 0, EVENTS_PER_PAGE);
        events.push(...page);
        if (page.length < EVENTS_PER_PAGE) return { view, facts: await store.facts(importId), events };
      }
    },

    /**
     * A page may have fewer imports than its limit, although another one follows.
     * @param limits only imports within them
     */
    async list(filter: ListedFilter, limits?: Limits): Promise<ImportPage> {
      if (limits !== undefined || !isSimple(filter)) {
        return await searches(JSON.stringify([filter, limits]), () => pageOf(filter, limits));
      }
      const imports = await lists(JSON.stringify(filter), () => store.list(filter));
      const last = imports.at(-1);
      return {
        imports: imports.map(({ json }) => shownJson(json)),
        nextCursor: imports.length === filter.limit && last !== undefined ? last.id : null,
      };
    },

    events: (importId: string, afterId: number): Promise<readonly StoredEvent[]> => store.events(importId, afterId),

    /** The causes of imports in attention, the most frequent first. @param limits only of imports within them */
    waitingCauses: (limits?: Limits): Promise<readonly WaitingCause[]> =>
      limits === undefined ? store.waitingCauses() : causesWithin(store.stoppedImports(), limits),
  };
}
