/** Starts the production Temporal server with a separate PostgreSQL on this machine. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { preparePostgres } from '../../local/postgres/server.js';
import { portPicker } from '../../local/supervisor/ports.js';
import type { PartRecord } from '../../local/supervisor/stack-file.js';
import { openSupervisor } from '../../local/supervisor/supervisor.js';
import { temporalServes } from '../../local/temporal/health.js';
import { temporalPrograms } from '../../test/support/production/temporal-programs.js';

const execute = promisify(execFile);

/** The value that Temporal's documentation recommends for a small cluster. It cannot be changed later. */
export const SHARDS = 512;
const NAMESPACE = 'default';
const STORES = { temporal: 'temporal', visibility: 'temporal_visibility' } as const;

export interface ProductionServer {
  /** The `host:port` of the frontend. */
  readonly address: string;
  /** The URL of the PostgreSQL database of Temporal. */
  readonly databaseUrl: string;
  readonly metricsUrl: string;
  readonly parts: () => readonly PartRecord[];
  readonly stop: () => Promise<void>;
}

export async function startProductionServer(dataDir: string): Promise<ProductionServer> {
  const { server, sqlTool } = await temporalPrograms();
  await mkdir(dataDir, { recursive: true });
  const supervisor = await openSupervisor({ dataDir, say: (line) => console.log(line) });
  try {
    const pickPort = portPicker();
    const postgres = await preparePostgres({ dataDir, port: await pickPort(), env: process.env });
    await supervisor.start([postgres.part]);
    const { hostname, port, username, password } = new URL(postgres.url);
    const login = [
      '--plugin',
      'postgres12',
      '--ep',
      hostname,
      '--port',
      port,
      '--user',
      username,
      '--password',
      password,
    ];
    for (const [schema, database] of Object.entries(STORES)) {
      const tool = (...args: readonly string[]) => execute(sqlTool, [...login, '--db', database, ...args]);
      await tool('create');
      await tool('setup-schema', '-v', '0.0');
      await tool('update-schema', '--schema-name', `postgresql/v12/${schema}`);
    }

    const ports: number[] = [];
    for (let count = 0; count < 10; count++) ports.push(await pickPort());
    const address = `127.0.0.1:${ports[0]}`;
    const dynamicFile = path.join(dataDir, 'dynamic-config.yaml');
    await writeFile(dynamicFile, asYaml(DYNAMIC_CONFIG));
    const configDir = path.join(dataDir, 'config');
    await mkdir(configDir);
    await writeFile(
      path.join(configDir, 'bench.yaml'),
      asYaml(configOf(ports, `${hostname}:${port}`, { username, password }, dynamicFile)),
    );
    await supervisor.start([
      {
        name: 'temporal',
        address,
        command: {
          file: server,
          args: ['--root', '/', '--config', configDir, '--env', 'bench', '--allow-no-auth', 'start'],
          env: process.env,
        },
        ready: { probe: () => servesNamespace(address) },
        readyWithinMs: 120_000,
        stopWithinMs: 10_000,
      },
    ]);
    const databaseUrl = new URL(postgres.url);
    databaseUrl.pathname = STORES.temporal;
    const metricsUrl = `http://127.0.0.1:${ports[9]}/metrics`;
    return { address, databaseUrl: databaseUrl.href, metricsUrl, parts: supervisor.parts, stop: supervisor.stop };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

/** The dynamic configuration of the embedded server: one matching host, task queues with priority and fairness. */
const DYNAMIC_CONFIG = {
  'matching.useNewMatcher': [{ value: true }],
  'matching.enableFairness': [{ value: true }],
  'matching.numTaskqueueReadPartitions': [{ value: 1 }],
  'matching.numTaskqueueWritePartitions': [{ value: 1 }],
};

interface Login {
  readonly username: string;
  readonly password: string;
}

function configOf(ports: readonly number[], database: string, { username, password }: Login, dynamicFile: string) {
  const [http, metrics] = ports.slice(8);
  const store = (databaseName: string, maxConns: number) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: database,
      connectProtocol: 'tcp',
      user: username,
      password,
      maxConns,
      maxIdleConns: maxConns,
      maxConnLifetime: '1h',
    },
  });
  const service = (at: number, more: object = {}) => ({
    rpc: { grpcPort: ports[at * 2], membershipPort: ports[at * 2 + 1], bindOnLocalHost: true, ...more },
  });
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: SHARDS,
      datastores: { default: store(STORES.temporal, 20), visibility: store(STORES.visibility, 5) },
    },
    global: {
      membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' },
      metrics: { prometheus: { timerType: 'histogram', listenAddress: `127.0.0.1:${metrics}` } },
    },
    services: {
      frontend: service(0, { httpPort: http }),
      matching: service(1),
      history: service(2),
      worker: service(3),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: `127.0.0.1:${ports[0]}` },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: dynamicFile, pollInterval: '60s' },
  };
}

/** JSON is valid YAML. The indentation separates braces, because the server interprets two braces as a template. */
function asYaml(value: object): string {
  return JSON.stringify(value, null, 1);
}

async function servesNamespace(address: string): Promise<boolean> {
  if (await temporalServes(address, NAMESPACE)) return true;
  const connection = await Connection.connect({ address, connectTimeout: '2s' });
  try {
    await new Client({ connection }).workflowService.registerNamespace({
      namespace: NAMESPACE,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
  } finally {
    await connection.close();
  }
  return temporalServes(address, NAMESPACE);
}
