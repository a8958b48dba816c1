/** Recent signature nonces. A nonce is valid once, so that a replayed request is rejected. */

/** Twice the default clock skew: an older request is rejected because of its date. */
const RETENTION_MS = 1_800_000;

export class Nonces {
  private recent = new Set<string>();
  private older = new Set<string>();
  private rotatedAt = 0;

  /** Returns false if the nonce was used before. */
  use(nonce: string, now: number): boolean {
    if (now - this.rotatedAt > RETENTION_MS) {
      this.older = this.recent;
      this.recent = new Set();
      this.rotatedAt = now;
    }
    if (this.recent.has(nonce) || this.older.has(nonce)) return false;
    this.recent.add(nonce);
    return true;
  }
}
