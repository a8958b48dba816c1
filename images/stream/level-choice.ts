/** Chooses how much to compress: as much as makes the disk arrive soonest on this link, by what was measured of both. */
import { LEVELS, type Level } from './clusters.js';

export interface LevelChoice {
  /** For the next part. */
  next(): Level;
  /** What one thread has compressed. */
  measured(
    level: Level,
    segment: { readonly dataBytes: number; readonly bodyBytes: number; readonly busyMs: number },
  ): void;
  /** `compressing at level 1: link 118 MB/s, 212 MB/s compressed`; null: too little was measured. */
  describe(): string | null;
}

/** Relative to level 1, where a level has not been measured: from a Linux disk. */
const TYPICAL: Readonly<Record<Level, { readonly speed: number; readonly ratio: number }>> = {
  0: { speed: 8, ratio: 2.2 },
  1: { speed: 1, ratio: 1 },
  3: { speed: 0.9, ratio: 0.985 },
  6: { speed: 0.58, ratio: 0.953 },
};
const MIN_DATA_BYTES = 32 * 1024 ** 2;
/** A higher level must save so much time: measurements are not exact, and processor time is shared with other imports. */
const MIN_GAIN = 1.03;

interface Measured {
  readonly dataBytes: number;
  readonly bodyBytes: number;
  readonly busyMs: number;
}

/**
 * @param threads that compress concurrently
 * @param link bytes per second; null: not measured yet
 */
export function createLevelChoice(threads: number, link: () => number | null): LevelChoice {
  const totals = new Map<Level, Measured>();
  let current: Level = 1;

  const known = (level: Level) => {
    const total = totals.get(level);
    if (total === undefined || total.dataBytes < MIN_DATA_BYTES || total.busyMs === 0) return null;
    const { dataBytes, bodyBytes, busyMs } = total;
    return { bytesPerSecond: (dataBytes / busyMs) * 1000 * threads, ratio: bodyBytes / dataBytes };
  };
  const expected = (level: Level) => {
    const own = known(level);
    if (own !== null) return own;
    const base = LEVELS.find((other) => other > 0 && known(other) !== null);
    const measured = base === undefined ? null : known(base);
    if (base === undefined || measured === null) return null;
    const speed = TYPICAL[level].speed / TYPICAL[base].speed;
    const ratio = level === 0 ? 1 : Math.min(1, (measured.ratio * TYPICAL[level].ratio) / TYPICAL[base].ratio);
    return { bytesPerSecond: measured.bytesPerSecond * speed, ratio };
  };

  return {
    next() {
      const linkSpeed = link();
      if (linkSpeed === null) return current;
      let best: { readonly level: Level; readonly seconds: number } | null = null;
      for (const level of LEVELS) {
        const speed = expected(level);
        if (speed === null) continue;
        const seconds = Math.max(1 / speed.bytesPerSecond, speed.ratio / linkSpeed);
        if (best === null || seconds * MIN_GAIN < best.seconds) best = { level, seconds };
      }
      current = best?.level ?? current;
      return current;
    },
    measured(level, { dataBytes, bodyBytes, busyMs }) {
      const before = totals.get(level) ?? { dataBytes: 0, bodyBytes: 0, busyMs: 0 };
      totals.set(level, {
        dataBytes: before.dataBytes + dataBytes,
        bodyBytes: before.bodyBytes + bodyBytes,
        busyMs: before.busyMs + busyMs,
      });
    },
    describe() {
      const linkSpeed = link();
      const speed = expected(current);
      if (linkSpeed === null || speed === null) return null;
      const perSecond = (bytes: number) => `${Math.round(bytes / 1e6)} MB/s`;
      if (current === 0) return `sent without compression: link ${perSecond(linkSpeed)}`;
      // What arrives in the object for each second of compression.
      const compressed = speed.bytesPerSecond * speed.ratio;
      return `compressing at level ${current}: link ${perSecond(linkSpeed)}, ${perSecond(compressed)} compressed`;
    },
  };
}
