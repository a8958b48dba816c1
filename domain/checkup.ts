/** One thing that `doctor` looked at: what it found, and what a person can do about it. */

/** `warning`: works now, but see the remedy. `skipped`: could not be looked at, or nobody asked. */
export type DoctorCheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export interface DoctorCheck {
  /** What was looked at: `credentials`, `bucket`, `ecs:ImportImage` … */
  readonly name: string;
  readonly status: DoctorCheckStatus;
  readonly found: string;
  /** Empty where there is nothing to do. */
  readonly remedy: string;
  /** The catalogue's code of what failed; null otherwise. */
  readonly code: string | null;
  /** Of a failed check: who has to act. `person`: mend it; `request`: the options of the command are wrong; `service`: it could not be reached. */
  readonly fault: 'person' | 'request' | 'service' | null;
}

export function ok(name: string, found: string): DoctorCheck {
  return { name, status: 'ok', found, remedy: '', code: null, fault: null };
}

export function warning(name: string, found: string, remedy: string): DoctorCheck {
  return { name, status: 'warning', found, remedy, code: null, fault: null };
}

export function skipped(name: string, found: string, remedy = ''): DoctorCheck {
  return { name, status: 'skipped', found, remedy, code: null, fault: null };
}

export function failed(
  name: string,
  found: string,
  remedy: string,
  fault: 'person' | 'request' | 'service' = 'person',
  code: string | null = null,
): DoctorCheck {
  return { name, status: 'failed', found, remedy, code, fault };
}
