/** Client tokens: the same for every retry of one attempt, so that a lost answer never makes a second image. */

/** The vendor's limit: ASCII only, at most 64 characters. */
export const CLIENT_TOKEN_MAX = 64;

/** @param attempt counts up only when the request itself has changed, or an attempt has ended for good */
export function clientToken(importId: string, attempt: number): string {
  return shorten(`${importId}.import.${attempt}`);
}

/** Token of the copy to one region. */
export function copyClientToken(importId: string, region: string, attempt: number): string {
  return shorten(`${importId}.copy.${attempt}.${region}`);
}

/** A text that is too long keeps its start and gets a digest of the whole. */
function shorten(text: string): string {
  if (text.length <= CLIENT_TOKEN_MAX) return text;
  return `${text.slice(0, CLIENT_TOKEN_MAX - 17)}.${digest(text)}`;
}

/** FNV-1a, 64 bits, as 16 hex digits: the workflow sandbox has no crypto, and this guards nothing. */
function digest(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}
