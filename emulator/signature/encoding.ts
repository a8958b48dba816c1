/** Percent-encoding and hashes for the signatures. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** RFC 3986: encodes everything except letters, digits and `-_.~`. */
export function strictEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

export function hmac(algorithm: 'sha1' | 'sha256', key: string | Buffer, data: string): Buffer {
  return createHmac(algorithm, key).update(data).digest();
}

export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Decodes a space as `+` or `%20`, because clients send both. Throws URIError for an invalid percent-encoding. */
export function decodeQuery(query: string): readonly (readonly [string, string | null])[] {
  if (query === '') return [];
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
      return at === -1 ? [decode(pair), null] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
    });
}

/** Parses `20261124T141535Z` and `2026-11-24T14:15:35Z` to epoch ms; null for other formats. */
export function parseTime(text: string): number | null {
  const basic = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const iso = basic ? `${basic.slice(1, 4).join('-')}T${basic.slice(4, 7).join(':')}Z` : text;
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(iso)) return null;
  const time = Date.parse(iso);
  return Number.isNaN(time) ? null : time;
}
