/** Counts calls by the minute, as the vendor does: what is throttled in one minute passes again in the next. */

export class RateMeter {
  private minute = 0;
  private counts = new Map<string, number>();

  clear(): void {
    this.counts.clear();
  }

  /** Counts one call; false when the minute's allowance is used up. */
  pass(name: string, perMinute: number, now: number): boolean {
    const minute = Math.floor(now / 60_000);
    if (minute !== this.minute) {
      this.minute = minute;
      this.counts.clear();
    }
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    return count <= perMinute;
  }
}
