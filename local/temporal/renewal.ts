/** Renews the certificates of the proxy before they expire: it replaces the set, then restarts the parts that have read it. */
import type { PartName } from '../supervisor/stack-file.js';
import { certificatesAreDue, ensureCertificates } from './certificates.js';

export interface CertificateTimes {
  readonly lifetimeMs?: number;
  /** Default: six hours. */
  readonly checkEveryMs?: number;
}

export interface RenewalOptions extends CertificateTimes {
  /** Of the certificates. */
  readonly folder: string;
  readonly restart: (part: PartName) => Promise<void>;
  readonly say: (line: string) => void;
  /** Ends the checks. */
  readonly ended: AbortSignal;
}

const CHECK_EVERY_MS = 6 * 3_600_000;
/** Clients of the proxy that have read the certificates at their start. */
const CLIENTS: readonly PartName[] = ['worker', 'api'];

/** Starts the checks. Returns what must run before each start of the proxy. */
export function renewCertificates(options: RenewalOptions): () => Promise<void> {
  const { folder, restart, say, ended, checkEveryMs = CHECK_EVERY_MS } = options;
  let isFirst = true;
  const timer = setInterval(() => {
    void certificatesAreDue(folder, options).then(async (due) => {
      if (due && !ended.aborted) await restart('temporal-proxy');
    });
  }, checkEveryMs);
  timer.unref();
  ended.addEventListener('abort', () => clearInterval(timer), { once: true });
  return async () => {
    const renewed = await ensureCertificates(folder, options);
    if (renewed && !isFirst) {
      say('renewed the certificates of Temporal; restarting the worker and the API, which used the old ones');
      for (const client of CLIENTS) void restart(client);
    }
    isFirst = false;
  };
}
