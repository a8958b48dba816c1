/** How fast the link to the cloud is: measured while parts are sent, the last minutes counting most. */

export interface LinkMeter {
  /** A part's request begins; call what is returned when it ends. */
  begin(): () => void;
  sent(bytes: number): void;
  /** Null: too little was sent to tell. */
  bytesPerSecond(): number | null;
}

/** After so much sending time, what was measured counts half. */
const HALF_LIFE_MS = 30_000;
/** The system takes the first bytes into its own buffers: a moment tells nothing. */
const TELLING_MS = 300;
const TELLING_BYTES = 1024 ** 2;

export function createLinkMeter(now: () => number = () => performance.now()): LinkMeter {
  let bytes = 0;
  let activeMs = 0;
  let active = 0;
  let since = 0;

  /** Counts the time in which at least one part was under way. */
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
      return activeMs < TELLING_MS || bytes < TELLING_BYTES ? null : (bytes * 1000) / activeMs;
    },
  };
}
