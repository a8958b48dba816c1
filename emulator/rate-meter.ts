/** Counts calls in fixed windows of one minute, as the vendor does: the limit applies again from zero each minute. */

export class RateMeter {
  private minute = 0;
  private counts = new Map<string, number>();

  clear(): void {
    this.counts.clear();
  }

  /** Counts one call. Returns false if the call exceeds the limit of the current minute. */
  allow(name: string, perMinute: number, now: number): boolean {
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
