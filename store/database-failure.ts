/** Failures of PostgreSQL that pass: it cannot be reached, does not answer, starts or stops, or its host lacks disk or memory. */
import pg from 'pg';
import type { FailureError } from '../domain/errors/failure.js';
import { type CodesIn, fail } from '../domain/errors/index.js';
import { isOfDatabase } from './database-errors.js';

/** By SQLSTATE. */
const BY_STATE: Readonly<Record<string, CodesIn<'Database'>>> = {
  '53100': 'DiskFull',
  '58030': 'DiskError',
  '53000': 'OutOfResources',
  '53200': 'OutOfResources',
  '53300': 'OutOfResources',
  // The database is missing.
  '3D000': 'Unavailable',
  // A standby after a failover, and limits of time.
  '25006': 'Unavailable',
  '25P03': 'Unavailable',
  '25P04': 'Unavailable',
  // Another transaction was in the way.
  '40001': 'Unavailable',
  '40P01': 'Unavailable',
  '55P03': 'Unavailable',
};

/** The classes, i.e. the first two characters, of a failed connection, a rejected user, and a server that stops or starts. */
const UNAVAILABLE_CLASSES = ['08', '28', '57'];

/** Null: the error has another cause. */
export function databaseFailure(error: unknown): FailureError | null {
  if (!(error instanceof Error)) return null;
  const state = 'code' in error ? String(error.code) : '';
  const code = BY_STATE[state] ?? (isUnavailable(state) || isConnectionError(error) ? 'Unavailable' : null);
  if (code === null) return null;
  const what = code === 'Unavailable' ? 'PostgreSQL is not available' : 'PostgreSQL';
  // A host name with several addresses fails with an error without a text.
  return fail(`Database.${code}`, `${what}: ${error.message || state}`, { cause: error });
}

/** The server stops, starts or fails over, or the network to it fails. Not a time limit or a lock. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const state = 'code' in error ? String(error.code) : '';
  return /^(08\w{3}|57P\w{2})$/.test(state) || isConnectionError(error);
}

function isUnavailable(state: string): boolean {
  return /^[0-9A-Z]{5}$/.test(state) && UNAVAILABLE_CLASSES.includes(state.slice(0, 2));
}

/** Without an answer of the server: the connection was refused or lost, or a time limit has passed. Not a wrong argument. */
function isConnectionError(error: Error): boolean {
  const isWrongUse = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
  return isOfDatabase(error) && !(error instanceof pg.DatabaseError) && !isWrongUse;
}
