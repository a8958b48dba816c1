/** A key that makes a repeated request harmless. Not `crypto.randomUUID`, which a page of `http://HOST` does not have. */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
