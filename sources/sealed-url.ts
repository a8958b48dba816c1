/**
 * Encrypts the query of a web source, because it may contain a signature: `https://host/path?sealed=1~KEY~DATA`. Everything that stores,
 * shows or sends requests handles this form. Only the HTTP client of a worker decrypts it, for the request to the server. The rest of
 * the URL is authenticated, so that the query can be sent to no other server or path.
 */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import type { HttpClient } from './http-request.js';
import { sourceFailure } from './source.js';

export interface SealKeys {
  /** Encrypts. */
  current(): { readonly id: string; readonly secret: KeyObject };
  /** Null: the key is missing. */
  find(id: string): Promise<{ readonly id: string; readonly secret: KeyObject } | null>;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^\?sealed=1~([A-Za-z0-9._-]{1,32})~([A-Za-z0-9_-]+)$/;

/** @param source a web source with a query. Without keys it stays as it is, in its normal form. */
export function sealUrl(source: string, keys: SealKeys | null): string {
  const url = new URL(source);
  if (keys === null) return url.href;
  const { id, secret } = keys.current();
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyFor(secret), nonce).setAAD(boundTo(url));
  const parts = [nonce, cipher.update(url.search), cipher.final(), cipher.getAuthTag()];
  return `${url.origin}${url.pathname}?sealed=1~${id}~${Buffer.concat(parts).toString('base64url')}`;
}

/** The URL that the server gets. Throws `Source.UrlUnreadable`. */
export async function openUrl(url: URL, keys: SealKeys | null): Promise<URL> {
  const [, id, data] = SEALED.exec(url.search) ?? [];
  if (id === undefined || data === undefined) return url;
  const place = `${url.origin}${url.pathname}`;
  const key = await keys?.find(id);
  if (!key)
    throw sourceFailure(
      'UrlUnreadable',
      `the worker has no payload key ${id}, with which the query of ${place} is encrypted`,
    );
  const bytes = Buffer.from(data, 'base64url');
  const [nonce, text, tag] = [
    bytes.subarray(0, NONCE_BYTES),
    bytes.subarray(NONCE_BYTES, -TAG_BYTES),
    bytes.subarray(-TAG_BYTES),
  ];
  const opened = new URL(url);
  try {
    const decipher = createDecipheriv(CIPHER, keyFor(key.secret), nonce).setAAD(boundTo(url)).setAuthTag(tag);
    opened.search = Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
  } catch (error) {
    throw sourceFailure('UrlUnreadable', `the encrypted query of ${place} was made for another URL or changed`, {
      cause: error,
    });
  }
  return opened;
}

/** A client whose callers see encrypted queries only. */
export function openingSealedUrls(client: HttpClient, keys: () => SealKeys | null): HttpClient {
  return {
    ...client,
    async get(url, headers, signal, headersFor) {
      const opened = await openUrl(url, keys());
      const answer = await client.get(opened, headers, signal, headersFor);
      return answer.url.href === opened.href ? { ...answer, url } : answer;
    },
  };
}

/** A key of its own, so that payloads of Temporal and queries cannot be exchanged. */
function keyFor(secret: KeyObject): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'ecs-image-import query of a source', 32));
}

function boundTo({ origin, pathname }: URL): Buffer {
  return Buffer.from(`${origin}${pathname}`);
}
