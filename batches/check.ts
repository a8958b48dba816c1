/** Checks a batch file as `create` does, and stores nothing. */
import { randomBytes } from 'node:crypto';
import type { BadItem } from '../domain/batch/batch.js';
import { newBatchId } from '../domain/batch/names.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import { givenText } from '../domain/request/problems.js';
import type { RequestProblem } from '../domain/request/request.js';
import type { BatchIntake, KnownBatch, NewBatchItem } from '../store/batch-intake.js';
import type { BatchUseCaseDependencies } from './ports.js';
import { type BatchSettings, type TakenIn, takeInBatch } from './take-in.js';

export interface BatchCheck {
  readonly items: number;
  readonly invalid: number;
  /** In the order of the file; the first thousand. */
  readonly badItems: readonly BadItem[];
  /** Problems of the name, the policy and the defaults: the items are checked when these are fixed. */
  readonly headerProblems: readonly RequestProblem[];
  /** The line from which the file cannot be read, and why; null: it was read to its end. */
  readonly unreadable: { readonly line: number; readonly reason: string } | null;
  readonly name: string | null;
  /** The batch that already has this name. The same file returns that batch; another one is refused. */
  readonly nameUsedBy: string | null;
  readonly policy: BatchPolicy | null;
  /** How many valid items each region and bucket has, the most frequent first. */
  readonly regions: readonly Share[];
  readonly buckets: readonly Share[];
}

interface Share {
  readonly name: string;
  readonly items: number;
}

const MOST_SHARES = 50;

export async function checkBatch(
  deps: BatchUseCaseDependencies,
  order: Omit<BatchSettings, 'id' | 'workerHost' | 'accounts' | 'sealSource'>,
  body: AsyncIterable<Uint8Array>,
): Promise<BatchCheck> {
  const { workerHost, accounts = [], sealSource } = deps;
  const id = newBatchId(deps.clock.now(), randomBytes(10));
  const intake = countingIntake((name) => deps.batches.idOfName(name));
  const own = { id, workerHost, accounts, ...(sealSource === undefined ? {} : { sealSource }) };
  const taken = await takeInBatch(intake, { ...order, ...own, skipInvalid: true }, body);
  return { ...resultOf(taken), ...intake.seen(id) };
}

function resultOf(
  taken: TakenIn,
): Pick<BatchCheck, 'items' | 'invalid' | 'badItems' | 'headerProblems' | 'unreadable'> {
  const nothing = { items: 0, invalid: 0, badItems: [], headerProblems: [], unreadable: null };
  switch (taken.kind) {
    case 'made':
      return { ...nothing, items: taken.items, invalid: taken.skippedCount, badItems: taken.skipped };
    case 'badItems':
      return { ...nothing, items: taken.items, invalid: taken.badCount, badItems: taken.bad };
    case 'badHeader':
      return { ...nothing, headerProblems: taken.problems };
    case 'unreadable':
      return { ...nothing, unreadable: { line: taken.line, reason: taken.reason } };
    case 'tooLarge':
      return { ...nothing, unreadable: { line: 1, reason: 'the file is too large' } };
    case 'same':
    case 'conflict':
    case 'arriving':
    case 'lost':
      // The intake below reserves nothing, so that these do not occur.
      throw new Error(`the check of a batch file ended as ${taken.kind}`);
  }
}

/** Counts the items instead of storing them. It needs memory for the name of each. */
function countingIntake(idOfName: (name: string) => Promise<string | null>) {
  const firstLines = new Map<string, number>();
  const repeated: BadItem[] = [];
  const regions = new Map<string, number>();
  const buckets = new Map<string, number>();
  let name: string | null = null;
  let nameUsedBy: string | null = null;
  let policy: BatchPolicy | null = null;

  const add = ({ number: item, line, request }: NewBatchItem): void => {
    const { account = '', region, imageName, upload } = request;
    const key = JSON.stringify([account, region, imageName]);
    const first = firstLines.get(key);
    if (first === undefined) {
      firstLines.set(key, line);
      regions.set(region, (regions.get(region) ?? 0) + 1);
      buckets.set(upload.bucket, (buckets.get(upload.bucket) ?? 0) + 1);
      return;
    }
    const message = `line ${first} has the same image name in region ${region}: names are unique in a region`;
    const problem = { path: 'imageName', rule: 'batch.unique', given: givenText(imageName), message };
    repeated.push({ item, line, imageName, problems: [{ ...problem, vendorCode: 'InvalidImageName.Duplicated' }] });
  };

  const intake: BatchIntake = {
    async reserve(batch): Promise<KnownBatch | null> {
      name = batch.name;
      nameUsedBy = await idOfName(batch.name);
      return null;
    },
    async setPolicy(given) {
      policy = given;
    },
    async setNames() {},
    async add(items) {
      for (const item of items) add(item);
    },
    async addSkipped() {},
    async markRepeated() {
      return repeated;
    },
    async commit() {
      return true;
    },
    async abandon() {},
  };

  return {
    ...intake,
    /** @param ownName the name of a file without one */
    seen: (ownName: string) => ({
      ...{ name: name === ownName ? null : name, nameUsedBy, policy },
      ...{ regions: sharesOf(regions), buckets: sharesOf(buckets) },
    }),
  };
}

function sharesOf(counts: ReadonlyMap<string, number>): readonly Share[] {
  return [...counts]
    .map(([name, items]) => ({ name, items }))
    .sort((one, other) => other.items - one.items || (one.name < other.name ? -1 : 1))
    .slice(0, MOST_SHARES);
}
