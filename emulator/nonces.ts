/** Signature nonces seen lately: a request sent twice, byte for byte, is refused. */

/** Twice the default skew: a request older than that is refused for its date. */
const KEPT_MS = 1_800_000;

export class Nonces {
  private recent = new Set<string>();
  private older = new Set<string>();
  private turned = 0;

  /** False when it was used before. */
  use(nonce: string, now: number): boolean {
    if (now - this.turned > KEPT_MS) {
      this.older = this.recent;
      this.recent = new Set();
      this.turned = now;
    }
    if (this.recent.has(nonce) || this.older.has(nonce)) return false;
    this.recent.add(nonce);
    return true;
  }
}
