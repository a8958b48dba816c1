/** The interface of the ways to install the Temporal CLI. */
export interface TemporalInstallOptions {
  readonly env: NodeJS.ProcessEnv;
  /** `cacheDir()`; shown in messages. */
  readonly cacheDir: string;
  /** Receives progress messages. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface TemporalInstaller {
  readonly name: string;
  /** Puts the binary `temporal` into the folder. Throws an error with the reason. */
  readonly install: (folder: string, options: TemporalInstallOptions) => Promise<void>;
}
