/** Token buckets by key: a rate, and a burst after a pause. Bounded in memory: the key that is used the least recently is forgotten. */

const MOST_KEYS = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();

  readonly #burst: number;

  /** @param now in ms, monotonic */
  constructor(
    private readonly perSecond: number,
    burst: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    // With less than one token, no request would ever pass.
    this.#burst = Math.max(1, burst);
  }

  /** Takes one token. Returns 0, or, without taking one, the seconds until there is one. */
  take(key: string): number {
    const bucket = this.#refilled(key);
    if (bucket.tokens < 1) return (1 - bucket.tokens) / this.perSecond;
    bucket.tokens -= 1;
    return 0;
  }

  #refilled(key: string): Bucket {
    const now = this.now();
    const known = this.#buckets.get(key);
    const bucket = known ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1_000) * this.perSecond);
    bucket.at = now;
    // The order of a map is that of insertion.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_KEYS && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}
