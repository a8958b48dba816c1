/**
 * The late check: an ended import is checked for resources that its calls created after its end. A call may have been in the
 * network while its worker was frozen or cut off, and the cloud may list what it creates with a delay.
 */

/** How long after the end of an import its calls may still take effect; ms. */
export const LATE_WINDOW_MS = 600_000;

/** The times of the checks as shares of the window: early, so that little is billed, and at its end, so that nothing is missed. */
const CHECKS_AT = [0.05, 0.2, 1] as const;

/** When the check with this number is due, in ms after the end of the import; null: there is no such check. */
export function lateCheckAt(windowMs: number, check: number): number | null {
  const share = CHECKS_AT[check];
  return share === undefined ? null : Math.round(share * windowMs);
}
