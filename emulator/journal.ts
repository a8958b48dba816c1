/** The calls in the order of their completion: `GET /_emulator/calls`. In memory; the oldest entries are dropped first. */

export interface CallEntry {
  readonly seq: number;
  /** ISO 8601 time when the call arrived. */
  readonly time: string;
  readonly service: string;
  readonly action: string;
  readonly clientToken: string | null;
  /** `ok`, `error`, `aborted`, or `fault:KIND` if an injected fault applied. */
  readonly outcome: string;
  /** Null if no response was sent. */
  readonly status: number | null;
  /** The error code. */
  readonly code: string | null;
  readonly requestId: string;
  readonly durationMs: number;
  readonly accessKeyId: string | null;
  /** Of the access key; the first account if it is unknown. */
  readonly accountId: string;
  /** The bytes of the request body that were received. */
  readonly bytes: number;
  readonly params: Readonly<Record<string, string>>;
}

const MAX_ENTRIES = 200_000;

export class Journal {
  private entries: CallEntry[] = [];
  private next = 1;
  private counts = new Map<string, number>();

  record(entry: Omit<CallEntry, 'seq'>): void {
    this.entries.push({ seq: this.next, ...entry });
    this.next += 1;
    const name = `${entry.service}.${entry.action}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    // Trimmed in batches, so that not every call copies the list.
    if (this.entries.length > 1.25 * MAX_ENTRIES) this.entries = this.entries.slice(-MAX_ENTRIES);
  }

  clear(): void {
    this.entries = [];
    this.counts = new Map();
  }

  /** `counts` includes every call since the last reset, also those that were dropped. */
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
