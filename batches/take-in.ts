/** Stores a batch file while it is received: validates each item, and keeps all of them or none. */
import { createHash } from 'node:crypto';
import { collectNames, type Named } from '../domain/access/named.js';
import type { BadItem } from '../domain/batch/batch.js';
import { type BatchPolicy, DEFAULT_POLICY, policyForSize, readPolicy } from '../domain/batch/policy.js';
import type { Requester } from '../domain/import-facts.js';
import { exceededBound } from '../domain/request/bounds.js';
import { firstProblems, givenText } from '../domain/request/problems.js';
import type { RequestProblem } from '../domain/request/request.js';
import type { SealSource } from '../domain/request/source-secrets.js';
import type { BatchIntake, KnownBatch, NewBatchItem } from '../store/batch-intake.js';
import { BatchFileError, type BatchHeader, type ColumnOf, HEADER_FIELDS } from './file/entries.js';
import type { BatchFormat } from './file/formats.js';
import { type ItemContext, merge, readItem } from './file/item.js';
import { readEntries } from './file/read.js';

export interface BatchSettings {
  readonly id: string;
  readonly format: BatchFormat;
  /** `name`, `policy` and `defaults` that override those in the file. */
  readonly header: BatchHeader;
  /** Values that the defaults in the file override. Default: none. */
  readonly fallbacks?: BatchHeader;
  readonly skipInvalid: boolean;
  /** Base folder of relative sources, as a `file:` URL. */
  readonly base: string | null;
  readonly idempotencyKey: string | null;
  /** Who sends the file. Absent: not known. */
  readonly by?: Requester;
  readonly workerHost: string;
  /** The accounts that requests may name. Default: none. */
  readonly accounts?: readonly string[];
  /** Encrypts the query of a web source. Default: items are stored as they are. */
  readonly sealSource?: SealSource;
  /** What is outside the scope of the sender: such items are invalid. Default: nothing. */
  readonly outsideScope?: (named: Named) => readonly RequestProblem[];
}

export type TakenIn =
  | {
      readonly kind: 'made';
      readonly items: number;
      readonly skipped: readonly BadItem[];
      readonly skippedCount: number;
    }
  /** The same file was taken in before under this name or key. */
  | { readonly kind: 'same'; readonly batch: KnownBatch }
  /** Another file was. */
  | { readonly kind: 'conflict'; readonly batch: KnownBatch }
  /** Another request is sending a file under this name or key. */
  | { readonly kind: 'arriving'; readonly batch: KnownBatch }
  /** The database could not be reached for so long that the received items were removed. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'unreadable'; readonly line: number; readonly reason: string }
  | { readonly kind: 'badHeader'; readonly problems: readonly RequestProblem[] }
  | { readonly kind: 'badItems'; readonly bad: readonly BadItem[]; readonly badCount: number; readonly items: number }
  | { readonly kind: 'tooLarge' };

const PAGE = 500;
/** Further invalid items are only counted, because so many usually have a common cause. */
const MOST_BAD_ITEMS = 1_000;
export const MAX_BATCH_BYTES = 512 * 1024 * 1024;

/** The batch is committed or abandoned when this returns or throws. */
export async function takeInBatch(
  intake: BatchIntake,
  settings: BatchSettings,
  body: AsyncIterable<Uint8Array>,
): Promise<TakenIn> {
  const source = hashed(body);
  source.add(
    JSON.stringify([settings.format, settings.header, settings.skipInvalid, settings.base, ...fallbacksOf(settings)]),
  );
  try {
    const taken = await readInto(intake, settings, source.chunks());
    if (taken.kind === 'arriving') return taken;
    // The body is read completely before the response, so that the digest covers all of it.
    for await (const _ of source.chunks());
    if (source.tooLarge()) return { kind: 'tooLarge' };
    const digest = source.digest();
    if (taken.kind === 'conflict' && taken.batch.digest === digest) return { kind: 'same', batch: taken.batch };
    if (taken.kind === 'made' && !(await intake.commit(digest))) return { kind: 'lost' };
    return taken;
  } catch (error) {
    if (error instanceof BatchFileError) {
      for await (const _ of source.chunks());
      return source.tooLarge() ? { kind: 'tooLarge' } : { kind: 'unreadable', line: error.line, reason: error.reason };
    }
    throw error;
  } finally {
    // If this fails, the sweep removes the batch a minute later; the reason of the first failure is the one to report.
    await intake.abandon().catch(() => undefined);
  }
}

async function readInto(
  intake: BatchIntake,
  settings: BatchSettings,
  chunks: AsyncIterable<Uint8Array>,
): Promise<TakenIn> {
  const pages = new ItemPages(intake, settings.skipInvalid);
  let context: ItemContext | null = null;
  let policyOf = (_items: number): BatchPolicy => DEFAULT_POLICY;
  let number = 0;
  let isReserved = false;
  /** As soon as the name is known, so that another request with it is answered immediately. */
  const reserve = async (name: unknown): Promise<TakenIn | null> => {
    if (isReserved || !isBatchName(name)) return null;
    const { id, idempotencyKey, by } = settings;
    const known = await intake.reserve({ id, name, idempotencyKey, ...(by === undefined ? {} : { by }) });
    if (known !== null) return { kind: known.isArriving ? 'arriving' : 'conflict', batch: known };
    isReserved = true;
    return null;
  };
  const open = async (inFile: BatchHeader): Promise<TakenIn | ItemContext> => {
    const header = readHeader(inFile, settings);
    if ('problems' in header) return { kind: 'badHeader', problems: header.problems };
    const { name, defaults } = header;
    const known = await reserve(name);
    if (known !== null) return known;
    ({ policyOf } = header);
    await intake.setPolicy(policyOf(0));
    const { base, workerHost, accounts, outsideScope, sealSource } = settings;
    return {
      ...{ defaults, base, workerHost },
      ...(accounts === undefined ? {} : { accounts }),
      ...(outsideScope === undefined ? {} : { outsideScope }),
      ...(sealSource === undefined ? {} : { sealSource }),
    };
  };

  const known = await reserve(settings.header.name);
  if (known !== null) return known;
  const onName = async (name: unknown) => {
    const other = settings.header.name === undefined ? await reserve(name) : null;
    if (other !== null) throw new NameInUse(other);
  };
  let columnOf: ColumnOf | null = null;
  const onColumns = (found: ColumnOf) => {
    columnOf = found;
  };
  try {
    for await (const entry of readEntries(settings.format, chunks, { onName, onColumns })) {
      if (context === null) {
        const opened = await open(entry.kind === 'header' ? entry.header : {});
        if ('kind' in opened) return opened;
        context = opened;
      }
      if (entry.kind === 'header') continue;
      number += 1;
      await pages.add(readItem(entry, number, columnOf === null ? context : { ...context, columnOf }));
    }
  } catch (error) {
    if (error instanceof NameInUse) return error.taken;
    throw error;
  }
  const taken = await pages.end(number);
  if (taken.kind === 'made') await intake.setPolicy(policyOf(taken.items - taken.skippedCount));
  return taken;
}

/** Ends the reading of the file. */
class NameInUse extends Error {
  override readonly name = 'NameInUse';
  constructor(readonly taken: TakenIn) {
    super('the name of the batch is in use');
  }
}

/** Collects valid and invalid items, and writes the valid ones in pages. */
class ItemPages {
  private good: NewBatchItem[] = [];
  private skipped: BadItem[] = [];
  private readonly reported: BadItem[] = [];
  private badCount = 0;
  private readonly collected = collectNames();

  constructor(
    private readonly intake: BatchIntake,
    private readonly skipInvalid: boolean,
  ) {}

  async add(read: ReturnType<typeof readItem>): Promise<void> {
    if (read.ok) {
      this.good.push(read.item);
      this.collected.add(read.item.request);
    } else this.note(read.bad);
    if (this.good.length + this.skipped.length >= PAGE) await this.write();
  }

  async end(items: number): Promise<TakenIn> {
    await this.write();
    const repeated = items === this.badCount ? [] : await this.intake.markRepeated();
    for (const bad of repeated) this.report(bad);
    const { reported, badCount } = this;
    reported.sort((one, other) => one.item - other.item);
    const nothingLeft = badCount === items;
    if (badCount > 0 && (!this.skipInvalid || nothingLeft)) return { kind: 'badItems', bad: reported, badCount, items };
    if (nothingLeft) return { kind: 'unreadable', line: 1, reason: 'there are no items' };
    await this.intake.setNames(this.collected.names());
    return { kind: 'made', items, skipped: reported, skippedCount: badCount };
  }

  private note(bad: BadItem): void {
    this.report(bad);
    if (this.skipInvalid) this.skipped.push(bad);
  }

  private report(bad: BadItem): void {
    this.badCount += 1;
    if (this.reported.length < MOST_BAD_ITEMS) this.reported.push(bad);
  }

  private async write(): Promise<void> {
    const { good, skipped } = this;
    [this.good, this.skipped] = [[], []];
    if (good.length > 0) await this.intake.add(good);
    if (skipped.length > 0) await this.intake.addSkipped(skipped);
  }
}

/** Absent ones keep the digests of earlier versions. */
function fallbacksOf({ fallbacks }: BatchSettings): readonly BatchHeader[] {
  return fallbacks === undefined ? [] : [fallbacks];
}

type HeaderReading =
  | { readonly name: string; readonly policyOf: (items: number) => BatchPolicy; readonly defaults: unknown }
  | { readonly problems: readonly RequestProblem[] };

function readHeader(inFile: BatchHeader, settings: BatchSettings): HeaderReading {
  const exceeded = exceededBound(inFile) ?? exceededBound(settings.header) ?? exceededBound(settings.fallbacks ?? {});
  if (exceeded !== null) return { problems: [exceeded] };
  const given = { ...inFile, ...settings.header };
  const problems: RequestProblem[] = Object.keys(given)
    .filter((field) => !HEADER_FIELDS.includes(field))
    .map((field) =>
      fault(field, 'batch.known', given[field], `unknown field; a batch has ${HEADER_FIELDS.join(', ')} and items`),
    );
  const name = given.name ?? settings.id;
  if (!isBatchName(name)) {
    problems.push(
      fault('name', 'batch.name', name, 'must be 1 to 128 printable characters and begin with a letter or digit'),
    );
  }
  const givenPolicy = merge(inFile.policy ?? {}, settings.header.policy);
  const policy = readPolicy(givenPolicy, DEFAULT_POLICY);
  if (!policy.ok) problems.push(...policy.problems);
  if (problems.length > 0 || !policy.ok) return { problems: firstProblems(problems) };
  return {
    name: String(name),
    policyOf: (items) => policyForSize(policy.policy, givenPolicy, items),
    defaults: merge(merge(settings.fallbacks ?? {}, inFile.defaults), settings.header.defaults),
  };
}

function isBatchName(name: unknown): name is string {
  return typeof name === 'string' && /^[\p{L}\p{N}][\p{L}\p{N}\p{P}\p{S} ]{0,127}$/u.test(name);
}

function fault(path: string, rule: string, given: unknown, message: string): RequestProblem {
  return { path, rule, given: givenText(given), message, vendorCode: null };
}

/** Hashes the body while it is read; a second reader continues where the first stopped. */
function hashed(body: AsyncIterable<Uint8Array>) {
  const hash = createHash('sha256');
  const iterator = body[Symbol.asyncIterator]();
  let bytes = 0;
  return {
    add: (text: string) => void hash.update(text),
    digest: () => hash.digest('hex'),
    tooLarge: () => bytes > MAX_BATCH_BYTES,
    async *chunks(): AsyncGenerator<Uint8Array> {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        bytes += next.value.length;
        if (bytes > MAX_BATCH_BYTES) return;
        hash.update(next.value);
        yield next.value;
      }
    },
  };
}
