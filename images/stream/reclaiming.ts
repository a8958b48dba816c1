/** Decides which part gives up its memory to another upload, and which uploads are slow. `part-memory.ts` has the rules. */

interface Waiting {
  readonly upload: object;
  /** Blocks. */
  readonly count: number;
  /** By `performance.now`. */
  readonly since: number;
}

interface HeldPart {
  readonly upload: object;
  blocks: number;
  readonly since: number;
  reclaimedAt: number | null;
  readonly stop: AbortController;
}

interface ReclaimingOptions {
  /** Blocks of the memory, and of them those that slow uploads leave to the others. */
  readonly total: number;
  readonly reserved: number;
  readonly patienceMs: number;
  readonly waiting: readonly Waiting[];
}

/** A part in memory. */
interface Held {
  readonly reclaimed: AbortSignal;
  /** It has so many blocks fewer. */
  shrink(blocks: number): void;
  end(): void;
}

interface Reclaiming {
  /** Blocks of the parts of an upload. */
  heldBy(upload: object): number;
  isShared(upload: object): boolean;
  /** True for a slow upload that would take what the slow ones leave to the others. */
  isOverShare(wanted: Waiting): boolean;
  /** Call it when an upload waits. */
  watch(): void;
  /** A part has taken these blocks. */
  add(upload: object, blocks: number): Held;
}

const CHECKS = 4;
/** Where all uploads have one part, one that has kept it for so many times the patience is slow. */
const SLOW_AFTER = 3;

export function createReclaiming({ total, reserved, patienceMs, waiting }: ReclaimingOptions): Reclaiming {
  /** In the order in which they were begun. */
  const parts = new Set<HeldPart>();
  const slow = new WeakSet<object>();
  let timer: NodeJS.Timeout | null = null;

  const sumOf = (of: (part: HeldPart) => boolean) => [...parts].filter(of).reduce((sum, { blocks }) => sum + blocks, 0);
  const heldBy = (upload: object) => sumOf((part) => part.upload === upload);
  const isSlow = ({ upload }: { readonly upload: object }) => slow.has(upload);
  const isOfOther = (upload: object) => (one: { readonly upload: object }) => one.upload !== upload;
  const isShared = (upload: object) => [...parts, ...waiting].some(isOfOther(upload));
  /** The part that loses the least: the one that was begun last. */
  const lastOf = (of: (part: HeldPart) => boolean) =>
    [...parts].filter((part) => part.reclaimedAt === null && of(part)).at(-1);
  /** An older part is not reclaimed: two uploads that wait for each other would take the parts that are nearly sent, without end. */
  const isLastOfUpload = (part: HeldPart) => lastOf(({ upload }) => upload === part.upload) === part;

  /** Of an upload that even without the part has more than the waiting one; or that has most of the memory for one part. */
  const isMoreThanShare = ({ upload, blocks }: HeldPart, wanted: Waiting) => {
    if (upload === wanted.upload) return false;
    const remaining = sumOf((part) => part.upload === upload && part.reclaimedAt === null) - blocks;
    if (remaining > 0) return remaining > heldBy(wanted.upload);
    return blocks > total / 2 && heldBy(wanted.upload) === 0;
  };

  const reclaim = () => {
    if (waiting.length === 0) return stop();
    const now = performance.now();
    // What was reclaimed is on its way. A part whose file cannot be read does not release it.
    if ([...parts].some(({ reclaimedAt }) => reclaimedAt !== null && now - reclaimedAt < patienceMs)) return;
    for (const wanted of waiting) {
      const waitedMs = now - wanted.since;
      if (waitedMs < patienceMs) continue;
      const part = lastOf((one) => isLastOfUpload(one) && isMoreThanShare(one, wanted)) ?? fromSlow(wanted, now);
      if (part === undefined) continue;
      part.reclaimedAt = now;
      return part.stop.abort(new Error('another upload waits for the memory of the part'));
    }
  };
  /** For an upload that has nothing, where each of the others has one part. */
  const fromSlow = (wanted: Waiting, now: number): HeldPart | undefined => {
    const longMs = SLOW_AFTER * patienceMs;
    if (heldBy(wanted.upload) > 0 || isSlow(wanted) || now - wanted.since < longMs) return undefined;
    for (const part of parts) if (now - part.since >= longMs) slow.add(part.upload);
    return sumOf(isSlow) > total - reserved ? lastOf(isSlow) : undefined;
  };
  const stop = () => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };

  return {
    heldBy,
    isShared,

    isOverShare(wanted) {
      const held = sumOf(isSlow);
      return isSlow(wanted) && isShared(wanted.upload) && held > 0 && held + wanted.count > total - reserved;
    },

    watch() {
      if (waiting.length > 0) timer ??= setInterval(reclaim, patienceMs / CHECKS).unref();
    },

    add(upload, blocks) {
      const part: HeldPart = {
        ...{ upload, blocks, since: performance.now() },
        ...{ reclaimedAt: null, stop: new AbortController() },
      };
      parts.add(part);
      return {
        reclaimed: part.stop.signal,
        shrink: (count) => {
          part.blocks -= count;
        },
        end: () => {
          if (!parts.delete(part)) return;
          const isQuick = performance.now() - part.since < SLOW_AFTER * patienceMs;
          if (isQuick && part.reclaimedAt === null) slow.delete(upload);
        },
      };
    },
  };
}
