/**
 * The query of a web source may contain a signature, so it is a secret: it is stored encrypted and never shown.
 * `sources/sealed-url.ts` encrypts and decrypts it.
 */
import type { ImportRequest } from './request.js';

/** Replaces the query of a URL by an encrypted one. */
export type SealSource = (source: string) => string;

/** Whether the source is a web source with a query. */
export function hasSecretQuery(source: string): boolean {
  const url = webUrl(source);
  return url !== null && url.search !== '';
}

/** The source without its secret, also where it was refused because it has a user name or password. */
export function shownSource(source: string): string {
  const url = webUrl(source);
  if (url === null || (url.search === '' && url.username === '' && url.password === '')) return source;
  return `${url.origin}${url.pathname}`;
}

/** Null: it is no web source. */
function webUrl(source: string): URL | null {
  const url = URL.canParse(source) ? new URL(source) : null;
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url : null;
}

export function shownRequest(request: ImportRequest): ImportRequest {
  if (!request.disks.some(({ source }) => hasSecretQuery(source))) return request;
  return { ...request, disks: request.disks.map((disk) => ({ ...disk, source: shownSource(disk.source) })) };
}

/** A quote that is not part of a text, the field, and a URL up to its query. */
const SOURCE_WITH_QUERY = /((?<!\\)"source": ?"https?:\/\/(?:[^"\\?]|\\.)*)\?(?:[^"\\]|\\.)*/gi;

/** The same for requests in a JSON text, without parsing it. */
export function shownJson(text: string): string {
  return text.replace(SOURCE_WITH_QUERY, '$1');
}

/** @param stored sources that are sealed already: those of the request that is amended */
export function sealedRequest(
  request: ImportRequest,
  seal: SealSource | undefined,
  stored: readonly string[] = [],
): ImportRequest {
  if (seal === undefined || !request.disks.some(({ source }) => hasSecretQuery(source))) return request;
  const sealed = (source: string) => (hasSecretQuery(source) && !stored.includes(source) ? seal(source) : source);
  return { ...request, disks: request.disks.map((disk) => ({ ...disk, source: sealed(disk.source) })) };
}
