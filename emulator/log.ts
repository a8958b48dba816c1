/**
 * Durable state: maps in memory, and an append-only log of upserts and removals on disk. The changes of a call are
 * written before its response is sent, so that a killed process loses nothing that it acknowledged.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

type Line = { readonly c: string; readonly k: string; readonly v?: unknown };

export interface Collection<T> {
  readonly size: number;
  get(id: string): T | undefined;
  has(id: string): boolean;
  values(): IterableIterator<T>;
  put(id: string, record: T): void;
  remove(id: string): void;
  ids(): IterableIterator<string>;
  /** Calls the listener with the record before and after each change, also during replay. Used to maintain indexes. */
  watch(listener: (before: T | undefined, after: T | undefined) => void): void;
}

export class Log {
  private readonly file: string;
  private descriptor: number;
  private pending: string[] = [];
  private readonly maps = new Map<string, Map<string, unknown>>();
  private readonly loaders = new Map<string, (id: string, record: unknown) => void>();
  private readonly removers: { ids(): Iterable<string>; remove(id: string): void }[] = [];

  constructor(folder: string) {
    this.file = path.join(folder, 'state.log');
    this.descriptor = openSync(this.file, 'a');
  }

  /** Declare all collections before `replay()`. */
  collection<T>(name: string): Collection<T> {
    const map = new Map<string, T>();
    const listeners: ((before: T | undefined, after: T | undefined) => void)[] = [];
    const change = (id: string, record: T | undefined): void => {
      const before = map.get(id);
      if (record === undefined) map.delete(id);
      else map.set(id, record);
      for (const listener of listeners) listener(before, record);
    };
    this.maps.set(name, map);
    // The log contains only records that put() received for this collection.
    this.loaders.set(name, (id, record) => change(id, record as T | undefined));
    const collection: Collection<T> = {
      get size() {
        return map.size;
      },
      get: (id) => map.get(id),
      has: (id) => map.has(id),
      values: () => map.values(),
      put: (id, record) => {
        change(id, record);
        this.append({ c: name, k: id, v: record });
      },
      remove: (id) => {
        if (!map.has(id)) return;
        change(id, undefined);
        this.append({ c: name, k: id });
      },
      ids: () => map.keys(),
      watch: (listener) => listeners.push(listener),
    };
    this.removers.push(collection);
    return collection;
  }

  /** All collections, to clear them. */
  all(): readonly { ids(): Iterable<string>; remove(id: string): void }[] {
    return this.removers;
  }

  /** Replays the log. Discards an incomplete last line of a killed process. Compacts a log with many stale lines. */
  replay(): void {
    if (!existsSync(this.file)) return;
    const bytes = readFileSync(this.file);
    let lines = 0;
    let start = 0;
    for (let end = bytes.indexOf(10, start); end !== -1; end = bytes.indexOf(10, start)) {
      const line: Line = JSON.parse(bytes.toString('utf8', start, end));
      this.loaders.get(line.c)?.(line.k, line.v);
      lines += 1;
      start = end + 1;
    }
    if (start < bytes.length) ftruncateSync(this.descriptor, start);
    const live = [...this.maps.values()].reduce((sum, map) => sum + map.size, 0);
    if (lines > 2 * live + 1000) this.compact();
  }

  /** Writes pending changes to the kernel, where they survive the end of the process. */
  flush(): void {
    if (this.pending.length === 0) return;
    const text = this.pending.join('');
    this.pending = [];
    writeAll(this.descriptor, Buffer.from(text));
  }

  close(): void {
    this.flush();
    closeSync(this.descriptor);
  }

  private append(line: Line): void {
    this.pending.push(`${JSON.stringify(line)}\n`);
    // Changes outside a call are written at the end of the current microtask.
    if (this.pending.length === 1) queueMicrotask(() => this.flush());
  }

  private compact(): void {
    const next = `${this.file}.next`;
    const descriptor = openSync(next, 'w');
    for (const [c, map] of this.maps) {
      for (const [k, v] of map) writeAll(descriptor, Buffer.from(`${JSON.stringify({ c, k, v })}\n`));
    }
    closeSync(descriptor);
    closeSync(this.descriptor);
    renameSync(next, this.file);
    this.descriptor = openSync(this.file, 'a');
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written);
  }
}
