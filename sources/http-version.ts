/** The version of an image on a web server, as its response headers describe it, and whether it proves that bytes are unchanged. */
import type http from 'node:http';

export interface HttpVersion {
  /** Weak ETags included. */
  readonly etag: string | null;
  readonly lastModified: string | null;
  /**
   * True: bytes with this version are the same bytes. False: the bytes may differ although the version is the same, because
   * the server reports a weak ETag, only a time, or nothing (RFC 9110, section 8.8).
   */
  readonly exact: boolean;
}

export function httpVersionOf(headers: http.IncomingHttpHeaders): HttpVersion {
  const { etag = null } = headers;
  const lastModified = headers['last-modified'] ?? null;
  const exact = etag !== null && !isWeak(etag) && !isRecentTime(etag, headers);
  return { etag, lastModified, exact };
}

/** The value for If-Range, which does not accept a weak ETag; null: none. */
export function ifRangeOf({ etag, lastModified }: HttpVersion): string | null {
  return etag !== null && !isWeak(etag) ? etag : lastModified;
}

/**
 * `same`: the same bytes. `similar`: no sign of a change, and no proof. `different`: a validator differs.
 * A response to a range request may omit headers: an absent one is no sign of a change.
 */
export function compareVersions(one: HttpVersion, other: HttpVersion): 'same' | 'similar' | 'different' {
  if (one.exact && one.etag === other.etag) return 'same';
  const differs = (first: string | null, second: string | null) =>
    first !== null && second !== null && first !== second;
  return differs(opaque(one.etag), opaque(other.etag)) || differs(one.lastModified, other.lastModified)
    ? 'different'
    : 'similar';
}

/** For records and logs. */
export function formatVersion({ etag, lastModified }: HttpVersion): string {
  return etag ?? lastModified ?? 'no version';
}

function isWeak(etag: string): boolean {
  return etag.startsWith('W/');
}

/** The part of an ETag that a proxy which weakens it does not change. */
function opaque(etag: string | null): string | null {
  return etag?.replace(/^W\//, '') ?? null;
}

/** A file written twice within this time can have the same time of change, in whole seconds, in a server's ETag. */
const RECENT_MS = 60_000;

/** nginx makes its strong ETag from the second of the last change and the size: `"67433f2a-493e0"`. */
function isRecentTime(etag: string, headers: http.IncomingHttpHeaders): boolean {
  const [, seconds = ''] = /^"([0-9a-f]{8})-[0-9a-f]+"$/.exec(etag) ?? [];
  if (seconds === '') return false;
  const changedMs = Number.parseInt(seconds, 16) * 1000;
  if (changedMs !== Date.parse(headers['last-modified'] ?? '')) return false;
  return Date.parse(headers.date ?? '') - changedMs < RECENT_MS;
}
