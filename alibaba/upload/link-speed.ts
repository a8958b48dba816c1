/** The speed of the link to the cloud, measured while parts are sent; recent measurements weigh most. */

export interface LinkMeter {
  /** Call it when a part's request begins; call the returned function when it ends. */
  begin(): () => void;
  sent(bytes: number): void;
  /** Null: too little was sent to measure. */
  bytesPerSecond(): number | null;
}

/** After this much sending time a measurement weighs half. */
const HALF_LIFE_MS = 30_000;
/** The system buffers the first bytes, so a shorter or smaller measurement says nothing. */
const MIN_MS = 300;
const MIN_BYTES = 1024 ** 2;

export function createLinkMeter(now: () => number = () => performance.now()): LinkMeter {
  let bytes = 0;
  let activeMs = 0;
  let active = 0;
  let since = 0;

  /** Adds the time during which at least one part was being sent. */
  const account = () => {
    const time = now();
    if (active > 0) {
      const fade = 0.5 ** ((time - since) / HALF_LIFE_MS);
      bytes *= fade;
      activeMs = activeMs * fade + (time - since);
    }
    since = time;
  };

  return {
    begin() {
      account();
      active += 1;
      return () => {
        account();
        active -= 1;
      };
    },
    sent(count) {
      account();
      bytes += count;
    },
    bytesPerSecond() {
      account();
      return activeMs < MIN_MS || bytes < MIN_BYTES ? null : (bytes * 1000) / activeMs;
    },
  };
}
