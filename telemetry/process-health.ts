/** Whether a process can do its work now: `starting`, then `ready` or `not ready`, and `draining` after a signal to stop. */

export interface HealthCheck {
  readonly name: string;
  /** Resolves with one line about what was found; rejects with what is wrong and what to do. */
  readonly probe: () => Promise<string>;
}

export interface HealthReport {
  readonly status: 'starting' | 'ready' | 'not ready' | 'draining';
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly message: string }[];
}

export type ProcessHealth = ReturnType<typeof createProcessHealth>;

/** Shorter than the time after which a kubelet or load balancer gives up. */
const PROBE_MS = 2_000;

/** @param probeMs after this time, a check counts as failed; ms */
export function createProcessHealth(probeMs = PROBE_MS) {
  let checks: readonly HealthCheck[] | null = null;
  let isDraining = false;
  let running: Promise<HealthReport> | null = null;

  async function check(): Promise<HealthReport> {
    if (checks === null) return { status: isDraining ? 'draining' : 'starting', checks: [] };
    const results = await Promise.all(checks.map((one) => outcomeOf(one, probeMs)));
    const isReady = results.every(({ ok }) => ok);
    return { status: isDraining ? 'draining' : isReady ? 'ready' : 'not ready', checks: results };
  }

  return {
    /** The process has started: from now on, the checks decide. */
    started(all: readonly HealthCheck[]): void {
      checks = all;
    },
    /** The process takes no more work and ends when its current work has ended. */
    drain(): void {
      isDraining = true;
    },
    /** Concurrent calls share the checks, so that probes from many sides cost no more than one. */
    async report(): Promise<HealthReport> {
      running ??= check().finally(() => {
        running = null;
      });
      const report = await running;
      return isDraining ? { ...report, status: 'draining' } : report;
    },
  };
}

async function outcomeOf({ name, probe }: HealthCheck, withinMs: number) {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${withinMs} ms`)), withinMs);
    });
    return { name, ok: true, message: await Promise.race([probe(), late]) };
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
