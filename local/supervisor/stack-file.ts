/** The supervisor's state file: its parts, their processes and states. The API returns it in `/readyz`. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isObject } from '../../domain/json-value.js';
import type { ProcessIdentity } from './processes.js';

/** In stop order: a part stops before the parts that it depends on. */
export const PART_NAMES = ['api', 'worker', 'emulator', 'temporal-proxy', 'temporal', 'postgres'] as const;
export type PartName = (typeof PART_NAMES)[number];

/** `failed`: it ended several times in a row. It is still restarted, at longer intervals. */
export const PART_STATES = ['starting', 'ready', 'restarting', 'stopped', 'failed'] as const;
export type PartState = (typeof PART_STATES)[number];

export interface PartRecord {
  readonly name: PartName;
  /** Null while no process runs. */
  readonly pid: number | null;
  readonly startTime: string | null;
  readonly state: PartState;
  /** Restarts since the supervisor started. */
  readonly restarts: number;
  /** `http://host:port` or `host:port`; null for a part without a port. */
  readonly address: string | null;
  /** How the last process ended, e.g. `signal SIGKILL`. */
  readonly lastExit: string | null;
  /** ISO 8601, when the state was entered. */
  readonly since: string;
}

export interface StackRecord {
  readonly supervisor: ProcessIdentity;
  readonly startedAt: string;
  readonly parts: readonly PartRecord[];
}

export function stackFileOf(dataDir: string): string {
  return path.join(dataDir, 'stack.json');
}

/** Atomic, so that a reader never sees a partly written file. */
export function writeStackFile(file: string, record: StackRecord): void {
  const draft = `${file}.draft`;
  writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/** Null if the file is missing or invalid. */
export function readStackFile(file: string): StackRecord | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isStackRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isStackRecord(value: unknown): value is StackRecord {
  return (
    isObject(value) &&
    isObject(value.supervisor) &&
    typeof value.supervisor.pid === 'number' &&
    typeof value.supervisor.startTime === 'string' &&
    Array.isArray(value.parts) &&
    value.parts.every(isPartRecord)
  );
}

function isPartRecord(value: unknown): value is PartRecord {
  return (
    isObject(value) &&
    PART_NAMES.some((name) => name === value.name) &&
    PART_STATES.some((state) => state === value.state) &&
    (value.pid === null || typeof value.pid === 'number') &&
    (value.startTime === null || typeof value.startTime === 'string') &&
    (value.address === null || typeof value.address === 'string')
  );
}
