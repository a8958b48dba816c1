/** Tables to which the processes only add rows. */

export const APPEND_ONLY = ['audit', 'audit_outcomes'] as const;
