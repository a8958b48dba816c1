/**
 * The query of a web source may contain a signature, so it is a secret: it is stored encrypted and never shown.
 * `sources/sealed-url.ts` encrypts and decrypts it.
 */
import type { ImportRequest } from './request.js';

/** Replaces the query of a URL by an encrypted one. */
export type SealSource = (source: string) => string;

/** Whether the source is a web source with a query. */
export function hasSecretQuery(source: string): boolean {
  const url = URL.canParse(source) ? new URL(source) : null;
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.search !== '';
}

/** The source without its secret. */
export function shownSource(source: string): string {
  if (!hasSecretQuery(source)) return source;
  const { origin, pathname } = new URL(source);
  return `${origin}${pathname}`;
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
