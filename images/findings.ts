/** What inspection says, collected on the way; every code stands in docs/inspection.md. */
import type { Finding, Severity } from '../domain/import.js';
import { UnreadableError } from './bytes.js';

export interface FindingList {
  readonly all: readonly Finding[];
  add(severity: Severity, code: string, message: string, evidence: string, remedy: string): void;
}

/** A hostile image can't make a report of endless length. */
const MAX_FINDINGS = 100;
const MAX_TEXT = 600;

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

/** Runs one step of the reading; where the image is damaged there, `otherwise` says what that means. */
export function unlessUnreadable<T>(step: () => T, otherwise: (reason: string) => T): T {
  try {
    return step();
  } catch (error) {
    // A RangeError is what Buffer throws for a field that lies outside of a short table.
    if (error instanceof UnreadableError || error instanceof RangeError) return otherwise(error.message);
    throw error;
  }
}

function cut(value: string): string {
  return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
}
