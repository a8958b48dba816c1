/** Runs checks independently: one that meets a damaged file system adds a finding, and the others continue. */
import { type FindingList, unlessUnreadable } from '../findings.js';

export type Attempt = <T>(what: string, check: () => T, otherwise: T) => T;

export function attempts(findings: FindingList, remedy: string): Attempt {
  return (what, check, otherwise) =>
    unlessUnreadable(check, (reason) => {
      findings.add(
        'warning',
        'ECSIMPORT.FileSystem',
        `Could not check ${what}: the file system is damaged`,
        reason,
        remedy,
      );
      return otherwise;
    });
}
