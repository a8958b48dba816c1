/** The embedded Temporal server: the CLI's development server with its state in one SQLite file. */
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
  /** More dynamic settings, `KEY=JSON`. */
  readonly dynamicSettings?: readonly string[];
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
        // The default is a random port, which two servers that start concurrently sometimes share.
        ...['--http-port', String(ports.http), '--metrics-port', String(ports.metrics)],
        ...['--db-filename', path.join(folder, 'temporal.db')],
        // 2.4 times the workflows per second of the defaults. Committed data survives a crash of the process.
        ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
        // Enables priority and fairness of task queues: a single import must not wait behind a batch.
        ...['--dynamic-config-value', 'matching.useNewMatcher=true'],
        ...['--dynamic-config-value', 'matching.enableFairness=true'],
        // With one matching host, more partitions only forward tasks between each other.
        ...['--dynamic-config-value', 'matching.numTaskqueueReadPartitions=1'],
        ...['--dynamic-config-value', 'matching.numTaskqueueWritePartitions=1'],
        ...(options.dynamicSettings ?? []).flatMap((one) => ['--dynamic-config-value', one]),
        ...['--log-level', 'warn', '--log-format', 'json'],
      ],
      env: withoutTemporalSettings(options.env),
    },
    ready: { probe: () => temporalServes(address, namespace) },
    readyWithinMs: 60_000,
    stopWithinMs: 10_000,
  };
}

/** The Temporal CLI reads TEMPORAL_* too. These variables configure clients, not this server. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
