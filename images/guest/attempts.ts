/** A check that meets damage says that it could not tell, and the others go on. */
import { type FindingList, unlessUnreadable } from '../findings.js';

export type Attempt = <T>(what: string, check: () => T, otherwise: T) => T;

export function attempts(findings: FindingList, remedy: string): Attempt {
  return (what, check, otherwise) =>
    unlessUnreadable(check, (reason) => {
      findings.add(
        'warning',
        'ECSIMPORT.FileSystem',
        `Could not tell: reading ${what} met a damaged file system`,
        reason,
        remedy,
      );
      return otherwise;
    });
}
