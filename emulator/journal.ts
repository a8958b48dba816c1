/** What was called, in order: `GET /_emulator/calls`. Kept in memory, the newest first to stay. */

export interface CallEntry {
  readonly seq: number;
  /** ISO time of the call's arrival. */
  readonly time: string;
  readonly service: string;
  readonly action: string;
  readonly clientToken: string | null;
  /** `ok`, `error`, or `fault:KIND` where a planted fault hit. */
  readonly outcome: string;
  /** Null where no answer was sent. */
  readonly status: number | null;
  /** The error's code. */
  readonly code: string | null;
  readonly requestId: string;
  readonly durationMs: number;
  readonly accessKeyId: string | null;
  /** Bytes of the request's body that arrived. */
  readonly bytes: number;
  readonly params: Readonly<Record<string, string>>;
}

const KEPT = 200_000;

export class Journal {
  private entries: CallEntry[] = [];
  private next = 1;
  private counts = new Map<string, number>();

  record(entry: Omit<CallEntry, 'seq'>): void {
    this.entries.push({ seq: this.next, ...entry });
    this.next += 1;
    const name = `${entry.service}.${entry.action}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    if (this.entries.length > 1.25 * KEPT) this.entries = this.entries.slice(-KEPT);
  }

  clear(): void {
    this.entries = [];
    this.counts = new Map();
  }

  /** `counts` covers every call since the last reset, also those no longer kept. */
  read(filter: {
    readonly service?: string;
    readonly action?: string;
    readonly after?: number;
    readonly limit?: number;
  }): {
    readonly calls: readonly CallEntry[];
    readonly counts: Readonly<Record<string, number>>;
  } {
    const calls = this.entries.filter(
      (entry) =>
        (filter.service === undefined || entry.service === filter.service) &&
        (filter.action === undefined || entry.action === filter.action) &&
        entry.seq > (filter.after ?? 0),
    );
    return { calls: calls.slice(0, filter.limit ?? calls.length), counts: Object.fromEntries(this.counts) };
  }
}
