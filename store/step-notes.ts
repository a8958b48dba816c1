/** What a step writes to the record of its import, in one call of the database: store/migrations/093_step_plans.sql. */
import type { Finding, ImageRef } from '../domain/import.js';
import { type CallFacts, type ImportFact, keyOfFact } from '../domain/import-facts.js';
import type { LedgerWrite } from '../domain/ledger.js';
import { jsonText } from './json-text.js';
import { toStoredDetail } from './ledger-rows.js';

/** The findings of an import that a write replaces. */
export interface FindingScope {
  readonly source: Finding['source'];
  /** Null: findings about the whole image. Absent: every disk. */
  readonly disk?: number | null;
  /** Only findings with these codes; absent: with any code. */
  readonly codes?: readonly string[];
  /** Findings with these codes are not replaced. */
  readonly except?: readonly string[];
}

export type StepNote =
  | { readonly kind: 'fact'; readonly fact: ImportFact }
  | { readonly kind: 'calls'; readonly calls: readonly CallFacts[] }
  | { readonly kind: 'findings'; readonly scope: FindingScope; readonly findings: readonly Finding[] }
  | { readonly kind: 'ledger'; readonly entry: LedgerWrite }
  | { readonly kind: 'image'; readonly image: ImageRef | null }
  | { readonly kind: 'copy'; readonly regionId: string; readonly copy: ImageRef | null }
  /** The multipart upload of a shared object, and the version of the source that its parts belong to. */
  | {
      readonly kind: 'upload-id';
      readonly upload: number;
      readonly uploadId: string;
      readonly sourceVersion: string | null;
    }
  /** The object of a shared upload was deleted. */
  | { readonly kind: 'upload-gone'; readonly upload: number };

/** Notes that a step writes with its next entry of the ledger, or at its end: a later attempt writes them again. */
export class PendingNotes {
  private notes: readonly StepNote[] = [];
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly added: () => void) {}

  add(...notes: readonly StepNote[]): void {
    this.notes = [...this.notes, ...notes];
    this.added();
  }

  take(): readonly StepNote[] {
    const taken = this.notes;
    this.notes = [];
    return taken;
  }

  /** The statement that should have written them failed. */
  restore(notes: readonly StepNote[]): void {
    this.notes = [...notes, ...this.notes];
  }

  /**
   * Runs the writes of the step one after another. So a write never overtakes the notes of an earlier one, and notes whose
   * statement failed are written before newer ones.
   */
  inTurn<Result>(write: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(write);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}

export function storedNotes(notes: readonly StepNote[]): string {
  return jsonText(notes.map(stored));
}

function stored(note: StepNote): object {
  switch (note.kind) {
    case 'fact':
      return { ...note, key: keyOfFact(note.fact) };
    case 'findings': {
      const { disk, codes = null, except = [], source } = note.scope;
      const scope = { source, disk: disk === undefined ? null : (disk ?? 0), codes, except };
      return { kind: note.kind, ...scope, findings: note.findings };
    }
    case 'ledger':
      return { kind: note.kind, entry: withStoredDetail(note.entry) };
    default:
      return note;
  }
}

function withStoredDetail(entry: LedgerWrite): object {
  const { kind, key, regionId, status } = entry;
  return { kind, key, regionId, status, detail: toStoredDetail(entry) };
}

/** The entry as `write_ledger_entry` takes it. */
export function storedEntry(entry: LedgerWrite): string {
  return jsonText(withStoredDetail(entry));
}
