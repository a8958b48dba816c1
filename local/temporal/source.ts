/** What the ways of getting a Temporal server have in common. */
export interface TemporalGetting {
  readonly env: NodeJS.ProcessEnv;
  /** Per user, survives: `cacheDir()`. */
  readonly cacheDir: string;
  /** Told what takes long and why. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface TemporalSource {
  readonly name: string;
  /** Puts the binary `temporal` into the folder; throws with the reason where it can't. */
  readonly get: (folder: string, getting: TemporalGetting) => Promise<void>;
}
