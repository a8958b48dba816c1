/** Reports of blocked attempts as files: they survive the end of the process also if the database is away. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../../domain/json-value.js';
import type { BlockedAttempt, BlockedAttempts } from '../../store/blocked-attempts.js';

/** Synchronous: the process ends next. Returns the name of the file. */
export function writeReport(folder: string, attempt: BlockedAttempt): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `${attempt.id}.json`);
  writeFileSync(file, JSON.stringify(attempt), { mode: 0o600 });
  return file;
}

/** Records the reports that an earlier process of this host left. */
export async function recordReports(folder: string, attempts: Pick<BlockedAttempts, 'record'>): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((entry) => entry.endsWith('.json'))) {
    const file = path.join(folder, name);
    const report = parseReport(await readFile(file, 'utf8').catch(() => ''));
    if (report !== null) await attempts.record(report);
    await rm(file, { force: true });
  }
}

function parseReport(text: string): BlockedAttempt | null {
  try {
    const value: unknown = JSON.parse(text);
    return isReport(value) ? value : null;
  } catch {
    return null;
  }
}

function isReport(value: unknown): value is BlockedAttempt {
  return (
    isObject(value) &&
    [value.id, value.activity, value.subject, value.host, value.version, value.stack].every(
      (field) => typeof field === 'string',
    ) &&
    typeof value.attempt === 'number'
  );
}
