/**
 * The embedded Temporal server: the CLI's development server with its state in one SQLite file. It runs in a network namespace
 * with a proxy in front of it, where the system permits this, and otherwise on the loopback interface.
 */
import path from 'node:path';
import { TEMPORAL_UI_PATH } from '../../config/temporal-ui.js';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.js';
import type { PartPlan, Program } from '../supervisor/supervised-part.js';
import { writeClientProfile } from './client-profile.js';
import { temporalServes } from './health.js';
import type { Isolation } from './isolation.js';
import { INNER_PORTS } from './proxy/sockets.js';

export interface TemporalOptions {
  readonly binary: string;
  /** Private; with everything of the server. */
  readonly folder: string;
  readonly namespace: string;
  /** Where clients reach it. */
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  /** More dynamic settings, `KEY=JSON`. */
  readonly dynamicSettings?: readonly string[];
}

interface ProxyOptions {
  /** URL of the API's codec endpoint, for the web interface. */
  readonly codecEndpoint: string;
  readonly isolation: Isolation;
  /** The program of the proxy. */
  readonly program: Program;
  /** Provides its certificates. */
  readonly beforeProxy: () => Promise<void>;
}

/** The server and its proxy: only clients with the certificate in the folder reach it. */
export function isolatedTemporal(
  options: TemporalOptions,
  { isolation, program: [file, ...args], beforeProxy, codecEndpoint }: ProxyOptions,
): readonly [PartPlan, PartPlan] {
  const { folder, namespace, port, env } = options;
  const address = `127.0.0.1:${port}`;
  const plan = { address, readyWithinMs: 60_000, stopWithinMs: 10_000 };
  const server = [
    options.binary,
    ...serverArgs(options, INNER_PORTS),
    '--ui-codec-endpoint',
    codecEndpoint,
    '--ui-port',
    String(INNER_PORTS.ui),
    '--ui-public-path',
    TEMPORAL_UI_PATH,
  ];
  return [
    {
      ...plan,
      name: 'temporal',
      command: isolation.wrap({
        file,
        args: [...args, 'inside', namespace, ...server],
        env: serverEnv(env),
        cwd: folder,
      }),
      ready: { line: /^ready temporal$/m },
    },
    {
      ...plan,
      name: 'temporal-proxy',
      prepare: async () => {
        await beforeProxy();
        await writeClientProfile(folder, address, namespace);
      },
      command: { file, args: [...args, 'outside', String(port)], env, cwd: folder },
      ready: { line: /^ready temporal-proxy$/m },
    },
  ];
}

/** The server alone, without web interface. Every local account can use its ports. */
export function openTemporal(
  options: TemporalOptions,
  ports: { readonly http: number; readonly metrics: number },
): PartPlan {
  const { binary, namespace, folder, port } = options;
  const address = `127.0.0.1:${port}`;
  return {
    name: 'temporal',
    address,
    command: {
      file: '/bin/sh',
      // The files of the database are private.
      args: [
        '-c',
        'umask 077; exec "$@"',
        'sh',
        binary,
        ...serverArgs(options, { grpc: port, ...ports }),
        '--headless',
      ],
      env: serverEnv(options.env),
      cwd: folder,
    },
    ready: { probe: () => temporalServes(address, namespace) },
    readyWithinMs: 60_000,
    stopWithinMs: 10_000,
  };
}

function serverArgs(
  { namespace, folder, dynamicSettings = [] }: TemporalOptions,
  ports: { readonly grpc: number; readonly http: number; readonly metrics: number },
): readonly string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--namespace', namespace],
    ...['--port', String(ports.grpc)],
    // The default is a random port, which two servers that start concurrently sometimes share.
    ...['--http-port', String(ports.http), '--metrics-port', String(ports.metrics)],
    ...['--db-filename', path.join(folder, 'temporal.db')],
    // 2.4 times the workflows per second of the defaults. Committed data survives a crash of the process.
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
    // A server that gets them later refuses them for some seconds.
    ...Object.values(SEARCH_ATTRIBUTES).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...[...DYNAMIC_SETTINGS, ...dynamicSettings].flatMap((setting) => ['--dynamic-config-value', setting]),
    ...['--log-level', 'warn', '--log-format', 'json'],
  ];
}

const DYNAMIC_SETTINGS = [
  // Enables priority and fairness of task queues: a single import must not wait behind a batch.
  'matching.useNewMatcher=true',
  'matching.enableFairness=true',
  // With one matching host, more partitions only forward tasks between each other.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  // The server reads its queue of new tasks at most so often a second. The default of 20 delays each step of a workflow by up to
  // 50 ms: this server has one shard, and so one queue.
  'history.transferProcessorMaxPollRPS=200',
  // The HTTP API cannot be switched off. It refuses requests to any other host than this one, which no browser can name.
  'frontend.httpAllowedHosts=["http-api.invalid"]',
];

/** The Temporal CLI reads TEMPORAL_* too. These variables configure clients, not this server. */
function serverEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
