/** Imports as people see them. */
import { type ComparedItem, compareFindings } from '../domain/finding-comparison.js';
import type { ImportView } from '../domain/import.js';
import type { ListFilter, StoredEvent } from '../store/import-reads.js';
import type { ImportStore } from '../store/imports.js';
import type { WaitingCause } from '../store/waiting.js';

/** With the cloud's detection beside our inspection. */
export type ComparedView = ImportView & { readonly comparison: readonly ComparedItem[] };

export interface ImportPage {
  readonly imports: readonly ImportView[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

type Reading = Pick<ImportStore, 'get' | 'list' | 'events' | 'waitingCauses'>;

export function importReading(store: Reading) {
  return {
    /** Null where there is no such import. */
    async get(importId: string): Promise<ComparedView | null> {
      const found = await store.get(importId);
      if (found === null) return null;
      const { attentionVersion: _internal, ...view } = found;
      return { ...view, comparison: compareFindings(view.findings) };
    },

    /** Newest first. */
    async list(filter: ListFilter): Promise<ImportPage> {
      const imports = await store.list(filter);
      const last = imports.at(-1);
      return { imports, nextCursor: imports.length === filter.limit && last !== undefined ? last.id : null };
    },

    events: (importId: string, afterId: number): Promise<readonly StoredEvent[]> => store.events(importId, afterId),

    /** Why imports wait for a person, the cause of most of them first. */
    waitingCauses: (): Promise<readonly WaitingCause[]> => store.waitingCauses(),
  };
}
