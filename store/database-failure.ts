/** Failures of PostgreSQL's host (full disk, no memory, no connections) that a query reports. */
import type { FailureError } from '../domain/errors/failure.js';
import { type CodesIn, fail } from '../domain/errors/index.js';

/** By SQLSTATE. */
const BY_STATE: Readonly<Record<string, CodesIn<'Database'>>> = {
  '53100': 'DiskFull',
  '58030': 'DiskError',
  '53000': 'OutOfResources',
  '53200': 'OutOfResources',
  '53300': 'OutOfResources',
};

/** Null: the error has another cause. */
export function databaseFailure(error: unknown): FailureError | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const code = BY_STATE[String(error.code)];
  return code === undefined ? null : fail(`Database.${code}`, `PostgreSQL: ${error.message}`, { cause: error });
}
