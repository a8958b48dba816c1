/** Client tokens. All retries of one attempt use the same token, so that a lost response never causes a second image. */

/** The vendor's limit: ASCII only, at most 64 characters. */
export const CLIENT_TOKEN_MAX = 64;

/** @param attempt increases only when the request has changed or an attempt has reached a final state */
export function clientToken(importId: string, attempt: number): string {
  return shorten(`${importId}.import.${attempt}`);
}

/** The token for the copy to one region. */
export function copyClientToken(importId: string, region: string, attempt: number): string {
  return shorten(`${importId}.copy.${attempt}.${region}`);
}

/** Replaces the end of a text that is too long with a digest of the whole text. */
function shorten(text: string): string {
  if (text.length <= CLIENT_TOKEN_MAX) return text;
  return `${text.slice(0, CLIENT_TOKEN_MAX - 17)}.${digest(text)}`;
}

/** FNV-1a, 64 bits, as 16 hex digits. The workflow sandbox has no crypto module, and the digest has no security purpose. */
function digest(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}
