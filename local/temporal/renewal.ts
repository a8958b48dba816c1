/** Renews the certificates of the proxy before they expire: it replaces the set, then restarts the parts that have read it. */
import { messageOf } from '../supervisor/stack-error.js';
import type { PartName } from '../supervisor/stack-file.js';
import { certificatesAreDue, ensureCertificates } from './certificates.js';

export interface CertificateTimes {
  /** Default: a year. */
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

/** Returns what must run before each start of the proxy. The first run starts the checks. */
export function renewCertificates(options: RenewalOptions): () => Promise<void> {
  const { folder, restart, say } = options;
  let isFirst = true;
  return async () => {
    const renewed = await ensureCertificates(folder, options);
    if (isFirst) keepChecking(options);
    else if (renewed) {
      say('renewed the certificates of Temporal; restarting the worker and the API, which used the old ones');
      for (const client of CLIENTS) void restart(client);
    }
    isFirst = false;
  };
}

function keepChecking(options: RenewalOptions): void {
  const { folder, restart, say, ended, checkEveryMs = CHECK_EVERY_MS } = options;
  if (ended.aborted) return;
  let isChecking = false;
  const check = async () => {
    if (isChecking) return;
    isChecking = true;
    try {
      if (await certificatesAreDue(folder, options)) await restart('temporal-proxy');
    } finally {
      isChecking = false;
    }
  };
  const timer = setInterval(() => {
    check().catch((error: unknown) => say(`can't renew the certificates of Temporal: ${messageOf(error)}`));
  }, checkEveryMs);
  timer.unref();
  ended.addEventListener('abort', () => clearInterval(timer), { once: true });
}
