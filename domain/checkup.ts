/** One check of `doctor`: its result and, if it is not OK, the remedy. */

/** `warning`: works now, but see the remedy. `skipped`: not possible or not requested. */
export type DoctorCheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export type DoctorFault = 'person' | 'request' | 'service' | 'not-ready';

export interface DoctorCheck {
  /** The configured account that was checked; absent: that of the worker's own credentials, or none. */
  readonly account?: string;
  /** What was checked: `credentials`, `bucket`, `ecs:ImportImage` … */
  readonly name: string;
  readonly status: DoctorCheckStatus;
  readonly found: string;
  /** Empty if no action is required. */
  readonly remedy: string;
  /** The code of a failure, or of an answer that a warning is about; null otherwise. */
  readonly code: string | null;
  /** Where a failed check is fixed. `person`: in the account or on this host; `request`: in the command's options; `service`: a server cannot be reached; `not-ready`: it answers, but cannot work. */
  readonly fault: DoctorFault | null;
}

export function ok(name: string, found: string): DoctorCheck {
  return { name, status: 'ok', found, remedy: '', code: null, fault: null };
}

export function warning(name: string, found: string, remedy: string, code: string | null = null): DoctorCheck {
  return { name, status: 'warning', found, remedy, code, fault: null };
}

export function skipped(name: string, found: string, remedy = ''): DoctorCheck {
  return { name, status: 'skipped', found, remedy, code: null, fault: null };
}

export function failed(
  name: string,
  found: string,
  remedy: string,
  fault: DoctorFault = 'person',
  code: string | null = null,
): DoctorCheck {
  return { name, status: 'failed', found, remedy, code, fault };
}
