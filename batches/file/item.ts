/** One item of a batch file: applies defaults, resolves relative paths, and validates the request. */

import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Named, namedBy } from '../../domain/access/named.js';
import type { BadItem } from '../../domain/batch/batch.js';
import { isRecord } from '../../domain/json-value.js';
import { exceededBound } from '../../domain/request/bounds.js';
import { accountProblem } from '../../domain/request/known-account.js';
import { givenText } from '../../domain/request/problems.js';
import type { RequestProblem } from '../../domain/request/request.js';
import { validateRequest } from '../../domain/request/schema.js';
import { type SealSource, sealedRequest } from '../../domain/request/source-secrets.js';
import { queueOf } from '../../imports/file-queue.js';
import type { NewBatchItem } from '../../store/batch-intake.js';
import { shown } from './csv-columns.js';
import type { ColumnOf, Entry } from './entries.js';

export interface ItemContext {
  readonly defaults: unknown;
  /** Base folder of relative sources, as a `file:` URL; null: relative sources are rejected. */
  readonly base: string | null;
  /** The host whose worker reads sources without a host. */
  readonly workerHost: string;
  /** The accounts that requests may name. Default: none. */
  readonly accounts?: readonly string[];
  /** The columns of a CSV file. Absent: the file has none. */
  readonly columnOf?: ColumnOf;
  /** Encrypts the query of a web source. Default: requests stay as they are. */
  readonly sealSource?: SealSource;
  /** What is outside the scope of the sender. Default: nothing. */
  readonly outsideScope?: (named: Named) => readonly RequestProblem[];
}

export type ItemReading =
  | { readonly ok: true; readonly item: NewBatchItem }
  | { readonly ok: false; readonly bad: BadItem };

/** The middle of the range from 1 (first) to 9 (last). */
const DEFAULT_PRIORITY = 5;

export function readItem(
  entry: Exclude<Entry, { readonly kind: 'header' }>,
  number: number,
  context: ItemContext,
): ItemReading {
  const { line } = entry;
  const refuse = (imageName: string | null, problems: readonly RequestProblem[]): ItemReading => ({
    ok: false,
    bad: { item: number, line, imageName, problems: inColumns(context.columnOf, problems) },
  });
  if (entry.kind === 'unreadable') return refuse(null, [problem('', 'item.readable', null, entry.reason)]);
  const exceeded = exceededBound(entry.value);
  if (exceeded !== null) return refuse(null, [exceeded]);
  if (!isRecord(entry.value)) {
    return refuse(null, [problem('', 'item.shape', givenText(entry.value), 'an item must be an object')]);
  }
  const { priority = DEFAULT_PRIORITY, ...fields } = entry.value;
  const request = withAbsoluteSources(merge(context.defaults, fields), context.base);
  const imageName = isRecord(request) && typeof request.imageName === 'string' ? request.imageName : null;

  const problems: RequestProblem[] = [];
  if (!isPriority(priority)) {
    problems.push(problem('priority', 'item.priority', givenText(priority), 'give 1 (first) to 9 (last)'));
  }
  const checked = validateRequest(request);
  if (!checked.ok) return refuse(imageName, [...problems, ...checked.problems]);
  const unknown = accountProblem(checked.request.account, context.accounts);
  if (unknown !== null) problems.push(unknown);
  if (context.outsideScope !== undefined) problems.push(...context.outsideScope(namedBy(checked.request)));
  const queue = queueOf(checked.request, context.workerHost);
  if (!queue.ok) problems.push(problem('disks', 'disks.host', null, queue.reason));
  if (!queue.ok || !isPriority(priority) || problems.length > 0) return refuse(imageName, problems);
  const stored = sealedRequest(checked.request, context.sealSource);
  return { ok: true, item: { number, line, request: stored, fileQueue: queue.fileQueue, priority } };
}

/** Messages about a CSV file name the column instead of the field, or beside it where the names differ. */
function inColumns(columnOf: ColumnOf | undefined, problems: readonly RequestProblem[]): readonly RequestProblem[] {
  if (columnOf === undefined) return problems;
  return problems.map((one) => {
    const name = columnOf(one.path);
    if (name === null || one.path === '') return one;
    const subject = name === one.path ? `column ${name}` : `column ${shown(name)} (${one.path})`;
    const rest = one.message.startsWith(one.path) ? one.message.slice(one.path.length) : `: ${one.message}`;
    return { ...one, message: `${subject}${rest}` };
  });
}

function isPriority(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 9;
}

function problem(at: string, rule: string, given: string | null, message: string): RequestProblem {
  return { path: at, rule, given, message, vendorCode: null };
}

/** Merges objects field by field. Lists and all other values of `over` replace those of `under`. */
export function merge(under: unknown, over: unknown): unknown {
  if (over === undefined) return under;
  if (!isRecord(under) || !isRecord(over)) return over;
  const merged: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    if (name !== '__proto__') merged[name] = merge(merged[name], value);
  }
  return merged;
}

function withAbsoluteSources(request: unknown, base: string | null): unknown {
  if (base === null || !isRecord(request) || !Array.isArray(request.disks)) return request;
  const folder = fileURLToPath(base);
  const disks = request.disks.map((disk: unknown) =>
    isRecord(disk) && typeof disk.source === 'string' && disk.source !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(disk.source)
      ? { ...disk, source: pathToFileURL(path.resolve(folder, disk.source)).href }
      : disk,
  );
  return { ...request, disks };
}
