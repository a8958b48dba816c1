/** The Temporal server of one machine: the command line's development server with its state in one SQLite file. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { PartPlan } from '../supervisor/supervised-part.js';
import { temporalServes } from './health.js';

export interface TemporalOptions {
  readonly binary: string;
  readonly dataDir: string;
  readonly namespace: string;
  readonly ports: { readonly grpc: number; readonly ui: number; readonly http: number; readonly metrics: number };
  readonly env: NodeJS.ProcessEnv;
}

export function temporalPart(options: TemporalOptions): PartPlan {
  const { binary, ports, namespace } = options;
  const folder = path.join(options.dataDir, 'temporal');
  const address = `127.0.0.1:${ports.grpc}`;
  return {
    name: 'temporal',
    address,
    prepare: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    },
    command: {
      file: binary,
      args: [
        ...['server', 'start-dev', '--ip', '127.0.0.1', '--namespace', namespace],
        ...['--port', String(ports.grpc), '--ui-port', String(ports.ui)],
        // Random when left out, and then sometimes the same for two servers that start at once.
        ...['--http-port', String(ports.http), '--metrics-port', String(ports.metrics)],
        ...['--db-filename', path.join(folder, 'temporal.db')],
        // 2.4 times the workflows a second of the defaults; survives the death of the process.
        ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
        // Task queues with priority and fairness: without them a single import waits behind a whole batch.
        ...['--dynamic-config-value', 'matching.useNewMatcher=true'],
        ...['--dynamic-config-value', 'matching.enableFairness=true'],
        // One machine has one matching host: more partitions of a queue would only pass its tasks around.
        ...['--dynamic-config-value', 'matching.numTaskqueueReadPartitions=1'],
        ...['--dynamic-config-value', 'matching.numTaskqueueWritePartitions=1'],
        ...['--log-level', 'warn', '--log-format', 'json'],
      ],
      env: withoutTemporalSettings(options.env),
    },
    ready: { probe: () => temporalServes(address, namespace) },
    readyWithinMs: 60_000,
    stopWithinMs: 10_000,
  };
}

/** The command line reads TEMPORAL_* itself: an address meant for our clients must not steer its server. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
