/** Deletes imports and batches that ended long ago, once a day, in small transactions, after they were exported. */
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { RetentionDays, RetentionStore } from '../store/retention.js';
import { repeat, type SweepLog } from './sweep.js';

export interface RetentionPolicy {
  readonly days: RetentionDays;
  /** The folder for exports; `none`: nothing is exported; null: not decided, so nothing is deleted. */
  readonly exportTo: string | 'none' | null;
}

export interface RetentionDependencies {
  readonly store: RetentionStore;
  readonly policy: RetentionPolicy;
  /** Everything that is known of an import; null if it does not exist. */
  readonly reportOf: (importId: string) => Promise<object | null>;
}

export interface Deleted {
  readonly imports: number;
  readonly batches: number;
}

const DAY_MS = 24 * 60 * 60_000;
const CHECK_EVERY_MS = 10 * 60_000;
const REPEAT_MS = 60 * 60_000;
/** Short transactions: they last as long as the export. */
const PAGE = 20;

const DECIDE =
  'imports are older than the retention and are not deleted: set ECS_IMPORT_EXPORT_DIR to the folder for their export, or to none to delete them without one';

/** Runs in one of the API processes each day, until the returned function is called. */
export function keepRetention(
  deps: RetentionDependencies,
  log: SweepLog & { info(attributes: object, message: string): void },
): () => void {
  const stopped = new AbortController();
  const stop = repeat(CHECK_EVERY_MS, async () => {
    try {
      if (!(await deps.store.claimRun(DAY_MS))) return;
      if (deps.policy.exportTo === null) {
        if (await hasExpired(deps)) log.warn({}, DECIDE);
        return;
      }
      const deleted = await runRetention(deps, stopped.signal);
      if (deleted.imports > 0 || deleted.batches > 0) log.info({ ...deleted }, 'old imports and batches were deleted');
    } catch (error) {
      log.warn({ error: String(error) }, 'the deletion of old imports did not finish, and is repeated in an hour');
      await deps.store.repeatRunIn(REPEAT_MS, DAY_MS).catch(() => undefined);
    }
  });
  return () => {
    stopped.abort();
    stop();
  };
}

async function hasExpired({ store, policy }: RetentionDependencies): Promise<boolean> {
  if ((await store.expiredImports(policy.days, '', 1)).length > 0) return true;
  return (await store.expiredBatches(policy.days, '', 1)).length > 0;
}

export async function runRetention(deps: RetentionDependencies, signal?: AbortSignal): Promise<Deleted> {
  const { store, policy } = deps;
  let imports = 0;
  let batches = 0;
  for (const id of await store.batchesBeingDeleted()) {
    imports += await finishBatch(deps, id, signal);
    batches += 1;
  }
  for (let last = ''; ; ) {
    const page = await store.expiredBatches(policy.days, last, PAGE);
    for (const id of page) {
      signal?.throwIfAborted();
      if (!(await store.beginBatch(id, policy.days))) continue;
      imports += await finishBatch(deps, id, signal);
      batches += 1;
    }
    if (page.length < PAGE) break;
    last = page.at(-1) ?? last;
  }
  for (let last = ''; ; ) {
    signal?.throwIfAborted();
    const page = await store.expiredImports(policy.days, last, PAGE);
    if (page.length === 0) return { imports, batches };
    imports += await store.deleteImports(page, (ids) => exportImports(deps, ids));
    last = page.at(-1) ?? last;
  }
}

/** Can be repeated after a crash: what was exported twice has the same id in both lines. */
async function finishBatch(deps: RetentionDependencies, batchId: string, signal?: AbortSignal): Promise<number> {
  const { store } = deps;
  const batch = await store.batchForExport(batchId);
  await append(deps, [{ kind: 'batch', ...batch }]);
  for (let after = 0; ; ) {
    const items = await store.itemsForExport(batchId, after);
    if (items.length === 0) break;
    await append(
      deps,
      items.map((item) => ({ kind: 'batch item', ...item })),
    );
    after = items.at(-1)?.item ?? after;
  }
  let deleted = 0;
  for (;;) {
    signal?.throwIfAborted();
    const page = await store.importsOfBatch(batchId, PAGE);
    if (page.length === 0) break;
    const now = await store.deleteImports(page, (ids) => exportImports(deps, ids));
    if (now === 0) throw new Error(`imports of batch ${batchId} are needed again, so that it is not deleted yet`);
    deleted += now;
  }
  await store.deleteBatch(batchId);
  return deleted;
}

async function exportImports(deps: RetentionDependencies, importIds: readonly string[]): Promise<void> {
  if (deps.policy.exportTo === 'none') return;
  const reports: object[] = [];
  for (const importId of importIds) reports.push({ kind: 'import', ...(await deps.reportOf(importId)) });
  await append(deps, reports);
}

/** Returns when the lines are on the disk. */
async function append({ policy: { exportTo } }: RetentionDependencies, lines: readonly object[]): Promise<void> {
  if (exportTo === 'none' || exportTo === null) return;
  await mkdir(exportTo, { recursive: true, mode: 0o700 });
  const day = new Date().toISOString().slice(0, 10);
  const file = await open(path.join(exportTo, `imports-${day}.jsonl`), 'a', 0o600);
  try {
    await file.writeFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await file.datasync();
  } finally {
    await file.close();
  }
}
