/** JSON for PostgreSQL, from values that may contain text of images, sources and the cloud. */

/** An escape sequence; the first two kinds are those of which `jsonb` refuses the whole document. */
const ESCAPES = /\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g;
const REFUSED_LENGTH = '\\u0000'.length;

/** PostgreSQL stores neither NUL nor one half of a surrogate pair: each becomes U+FFFD, also in the names of fields. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  // `JSON.stringify` escapes only the halves of pairs that are incomplete.
  if (!text.includes('\\u')) return text;
  return text.replace(ESCAPES, (found) => (found.length === REFUSED_LENGTH ? '\ufffd' : found));
}
