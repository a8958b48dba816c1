/** Durations as people read them: exact ones of what has ended, and rounded ones of what lasts. */

/** `0.8 s`, `42 s`, `3 min 5 s`, `2 h 10 min`. @param ms milliseconds; a negative duration counts as 0 */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const UNITS = [
  { name: 'days', seconds: 86_400 },
  { name: 'h', seconds: 3_600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
] as const;

/** One unit, rounded down: `12 s`, `2 min`, `5 h`, `3 days`. @param ms milliseconds; a negative duration counts as 0 */
export function formatSpan(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1_000);
  // Below two hours or days, the smaller unit says more: `90 min`, `30 h`.
  const unit = UNITS.find((one) => seconds >= one.seconds * (one.seconds > 60 ? 2 : 1)) ?? UNITS[3];
  return `${Math.floor(seconds / unit.seconds)} ${unit.name}`;
}
