/** Collects the findings of an inspection. docs/inspection.md lists every code. */
import type { Finding, Severity } from '../domain/import.js';
import { UnreadableError } from './bytes.js';

export interface FindingList {
  readonly all: readonly Finding[];
  add(severity: Severity, code: string, message: string, evidence: string, remedy: string): void;
}

/** Bounds the size of a report on a malicious image. */
const MAX_FINDINGS = 100;
const MAX_TEXT = 600;

export const GUEST_NOT_READ_REMEDY =
  'Check the guest’s file systems (fsck, chkdsk), or set platform, architecture and bootMode in the request.';

export function findingList(): FindingList {
  const all: Finding[] = [];
  return {
    all,
    add(severity, code, message, evidence, remedy) {
      const finding: Finding = {
        code,
        severity,
        message: cut(message),
        evidence: cut(evidence),
        remedy,
        source: 'inspection',
      };
      const known = all.some(
        (other) => other.code === code && other.message === finding.message && other.evidence === finding.evidence,
      );
      if (!known && all.length < MAX_FINDINGS) all.push(finding);
    },
  };
}

/** Runs one step; if the image is damaged there, returns the result of `otherwise`. */
export function unlessUnreadable<T>(step: () => T, otherwise: (reason: string) => T): T {
  try {
    return step();
  } catch (error) {
    // Buffer throws a RangeError for a field outside a truncated table.
    if (error instanceof UnreadableError || error instanceof RangeError) return otherwise(error.message);
    throw error;
  }
}

function cut(value: string): string {
  return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
}
