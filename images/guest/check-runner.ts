/** Runs checks independently: one that meets a damaged file system adds a finding, and the others continue. */
import { type FindingList, unlessUnreadable } from '../findings.js';

/** Returns the check's result, or `fallback` if the file system is damaged. `what` names the checked object. */
export type RunCheck = <T>(what: string, check: () => T, fallback: T) => T;

export function createCheckRunner(findings: FindingList, remedy: string): RunCheck {
  return (what, check, fallback) =>
    unlessUnreadable(check, (reason) => {
      findings.add(
        'warning',
        'ECSIMPORT.FileSystem',
        `Could not check ${what}: the file system is damaged`,
        reason,
        remedy,
      );
      return fallback;
    });
}
