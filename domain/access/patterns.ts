/** The patterns of a scope: names with `*`, and roots of sources. */
import { hasDotSegment, parseObjectLocation } from '../object-location.js';

/** `*` stands for any characters, also none. The whole text must match, in the same case. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === pattern;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  // The leftmost place of each part leaves the most text for the others.
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

interface Place {
  /** `file`, `https`, `oss` … */
  readonly scheme: string;
  /** With the port; of an object, its bucket. Empty: a file on the host of the API. */
  readonly host: string;
  /** Decoded, without the empty part before the first slash. */
  readonly segments: readonly string[];
}

/**
 * Whether a source is the root or below it: `/images/team-a`, `file://HOST/images`, `https://*.example.com/team-a`,
 * `oss://team-a-*`. In a root, `*` does not match a slash, so that it stays within a host or a folder name.
 */
export function isBelowRoot(root: string, source: string): boolean {
  if (root === '*') return true;
  const limit = placeOfRoot(root);
  const place = placeOf(source);
  if (limit === null || place === null || limit.scheme !== place.scheme) return false;
  if (!matchesPattern(limit.host, place.host) || limit.segments.length > place.segments.length) return false;
  return limit.segments.every((segment, index) => matchesPattern(segment, place.segments[index] ?? ''));
}

/** Null: the source has no place that can be compared, so that it is below no root. */
function placeOf(source: string): Place | null {
  const object = parseObjectLocation(source);
  if (object !== null) {
    // OSS does not resolve such segments, but programs on the way may.
    if (hasDotSegment(object.key)) return null;
    return { scheme: 'oss', host: object.bucket, segments: object.key.split('/') };
  }
  if (!URL.canParse(source)) return null;
  const { protocol, host, pathname } = new URL(source);
  const segments = decoded(pathname.slice(1).split('/'));
  if (segments === null) return null;
  return { scheme: protocol.slice(0, -1), host: protocol === 'file:' && host === 'localhost' ? '' : host, segments };
}

/** Null if a segment contains what a folder name cannot contain. */
function decoded(segments: readonly string[]): readonly string[] | null {
  try {
    const names = segments.map(decodeURIComponent);
    return names.some((name) => /[/\\\0]/.test(name) || name === '.' || name === '..') ? null : names;
  } catch {
    return null;
  }
}

/** Null if it is not a root. */
function placeOfRoot(root: string): Place | null {
  const [, scheme = 'file', host = '', path = ''] =
    (root.startsWith('/')
      ? [root, 'file', '', root]
      : /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\\]*)(\/[^?#\\]*)?$/i.exec(root)) ?? [];
  if (scheme === '' || (host === '' && path === '')) return null;
  const names = path.split('/').slice(1);
  const segments = root.startsWith('/') ? names : decoded(names);
  if (segments === null || hasDotSegment(segments.join('/'))) return null;
  return { scheme: scheme.toLowerCase(), host, segments: segments.at(-1) === '' ? segments.slice(0, -1) : segments };
}

export function isRoot(text: string): boolean {
  return text === '*' || placeOfRoot(text) !== null;
}
