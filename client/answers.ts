/** Checks that a response has the expected type, by the fields that every version of the API sends. */
import { BATCH_STATES, type BatchItemView, type BatchView } from '../domain/batch/batch.js';
import { type ImportEvent, type ImportView, PHASES, STATES } from '../domain/import.js';
import { isObject } from '../domain/json-value.js';
import type { Inspection } from '../images/inspection.js';
import { UnexpectedAnswerError } from './errors.js';
import { parse } from './transport.js';

/** A batch in a list. */
export type BatchSummary = Pick<BatchView, 'id' | 'name' | 'state' | 'createdAt' | 'updatedAt' | 'endedAt'> & {
  readonly items: number;
  readonly ended: number;
};

/** An import in a list, without what is read from other tables. */
export type ImportLine = Pick<ImportView, 'id' | 'state' | 'phase' | 'progress' | 'request' | 'image' | 'createdAt'> &
  /** Why it does not continue; absent unless requested. */
  Partial<Pick<ImportView, 'attention' | 'error' | 'waitingFor'>>;

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The start of the next page; null on the last page. */
  readonly nextCursor: string | null;
}

/** Throws `UnexpectedAnswerError`, as all functions below. */
export function readImport(text: string): ImportView {
  return expect(text, 'import', isImportView);
}

export function readBatch(text: string): BatchView {
  return expect(text, 'batch', isBatchView);
}

export function readInspection(text: string): Inspection {
  return expect(text, 'inspection', isInspection);
}

export function readImportPage(text: string): Page<ImportView> {
  return readPage(text, 'imports', isImportView);
}

/** A page with the fields of `ImportLine`. */
export function readImportLines(text: string): Page<ImportLine> {
  return readPage(text, 'imports', isImportLine);
}

export function readBatchPage(text: string): Page<BatchSummary> {
  return readPage(text, 'batches', isBatchSummary);
}

export function readItemPage(text: string): Page<BatchItemView> {
  return readPage(text, 'items', isBatchItem);
}

/** The IDs of the resumed imports. */
export function readResumed(text: string): readonly string[] {
  const value = expect(text, 'list of resumed imports', isObject);
  return Array.isArray(value.resumed) ? value.resumed.map(String) : [];
}

export function isImportEvent(value: unknown): value is ImportEvent {
  return (
    isObject(value) &&
    typeof value.at === 'string' &&
    typeof value.type === 'string' &&
    typeof value.message === 'string' &&
    PHASES.some((phase) => phase === value.phase) &&
    STATES.some((state) => state === value.state) &&
    isObject(value.detail)
  );
}

function expect<T>(text: string, expected: string, is: (value: unknown) => value is T): T {
  const value = parse(text);
  if (is(value)) return value;
  throw new UnexpectedAnswerError(expected, text);
}

function readPage<T>(text: string, field: string, is: (value: unknown) => value is T): Page<T> {
  const page = parse(text);
  const items = isObject(page) ? page[field] : undefined;
  if (!isObject(page) || !Array.isArray(items)) throw new UnexpectedAnswerError(`list of ${field}`, text);
  return { items: items.filter(is), nextCursor: typeof page.nextCursor === 'string' ? page.nextCursor : null };
}

function isImportLine(value: unknown): value is ImportLine {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    STATES.some((state) => state === value.state) &&
    PHASES.some((phase) => phase === value.phase) &&
    isObject(value.progress) &&
    isObject(value.request)
  );
}

function isImportView(value: unknown): value is ImportView {
  return isObject(value) && [value.findings, value.ledger, value.timeline].every(Array.isArray) && isImportLine(value);
}

function isBatchView(value: unknown): value is BatchView {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    BATCH_STATES.some((state) => state === value.state) &&
    isObject(value.counts) &&
    isObject(value.policy) &&
    isObject(value.estimate) &&
    [value.failures, value.attentions].every(Array.isArray)
  );
}

function isBatchSummary(value: unknown): value is BatchSummary {
  return isObject(value) && typeof value.id === 'string' && BATCH_STATES.some((state) => state === value.state);
}

function isBatchItem(value: unknown): value is BatchItemView {
  return isObject(value) && typeof value.item === 'number' && typeof value.state === 'string';
}

function isInspection(value: unknown): value is Inspection {
  return isObject(value) && typeof value.format === 'string' && Array.isArray(value.findings);
}
