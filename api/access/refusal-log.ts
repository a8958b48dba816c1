/** Refused and failed requests in the audit log: each of a few, the number of many, so that a flood does not fill the disk. */
import type { AuditedRequest, AuditResult, AuditStore } from '../../store/audit.js';

/** Each sender may have so many entries of its own in a period. */
const OWN_ENTRIES = 10;
/** All senders together. */
const ALL_ENTRIES = 100;
const PERIOD_MS = 10 * 60_000;
/** Senders that are counted apart; further ones are counted together. */
const MOST_SENDERS = 100;
/** Entries with a number that are written at the end of a period. */
const MOST_NUMBERS = 20;

export interface RefusalLog {
  add(request: AuditedRequest, result: AuditResult): Promise<void>;
  /** Writes the numbers of this period. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

interface Sender {
  readonly request: AuditedRequest;
  readonly result: AuditResult;
  written: number;
  /** Not written yet. */
  counted: number;
}

const OTHERS = 'others';

export function createRefusalLog(store: Pick<AuditStore, 'add'>, periodMs = PERIOD_MS): RefusalLog {
  let senders = new Map<string, Sender>();
  let written = 0;
  let timer: NodeJS.Timeout | undefined;

  const senderOf = (request: AuditedRequest, result: AuditResult): Sender => {
    const key = JSON.stringify([request.identity, request.address, request.action, result.code]);
    const known = senders.get(key) ?? (senders.size < MOST_SENDERS ? undefined : senders.get(OTHERS));
    if (known !== undefined) return known;
    const isOther = senders.size >= MOST_SENDERS;
    const shown = isOther ? { ...NOBODY, action: OTHERS } : request;
    const sender = { request: shown, result, written: 0, counted: 0 };
    senders.set(isOther ? OTHERS : key, sender);
    return sender;
  };

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const counted = [...senders.values()].filter((one) => one.counted > 0).sort((a, b) => b.counted - a.counted);
    senders = new Map();
    written = 0;
    for (const { request, result, counted: count } of counted.slice(0, MOST_NUMBERS)) {
      await store.add({ ...request, target: null }, result, count);
    }
    const others = counted.slice(MOST_NUMBERS);
    const [first] = others;
    if (first === undefined) return;
    const all = others.reduce((sum, one) => sum + one.counted, 0);
    await store.add({ ...NOBODY, action: OTHERS }, first.result, all);
  }

  return {
    async add(request, result) {
      // The process writes the numbers at its orderly end; a kill loses those of one period.
      timer ??= setTimeout(() => void flush().catch(() => undefined), periodMs).unref();
      const sender = senderOf(request, result);
      if (sender.written >= OWN_ENTRIES || written >= ALL_ENTRIES) {
        sender.counted += 1;
        return;
      }
      sender.written += 1;
      written += 1;
      await store.add(request, result);
    },
    flush,
    close: flush,
  };
}

const NOBODY: Omit<AuditedRequest, 'action'> = {
  ...{ identity: null, role: null, address: null, client: null, user: null, target: null },
};
