/** SQL: a timestamp as the API shows it, in UTC with milliseconds. */
export function isoTime(timestamp: string): string {
  return `to_char(${timestamp} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
