/** The production Temporal server with the configuration that integrations/production/ ships. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { connectionOptions } from '../../../config/temporal.js';
import { readTemporalSettings } from '../../../config/temporal-environment.js';
import { temporalPrograms } from './temporal-programs.js';

const execute = promisify(execFile);
const PRODUCTION = path.resolve(import.meta.dirname, '../../../integrations/production');
const NAMESPACE = 'default';

export interface TemporalServer {
  /** With which workers, APIs and clients reach it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** For the log. */
  readonly folder: string;
  readonly tlsDir: string;
  readonly databasePort: number;
  readonly databasePassword: string;
  readonly pickPort: () => Promise<number>;
}

const PORTS = ['FRONTEND', 'HISTORY', 'MATCHING', 'WORKER'];

export async function startTemporalServer(options: ServerOptions): Promise<TemporalServer> {
  const { folder, tlsDir, databasePort, databasePassword, pickPort } = options;
  const { server, sqlTool } = await temporalPrograms();
  await execute('sh', [path.join(PRODUCTION, 'setup-schema.sh')], {
    env: {
      ...process.env,
      ...{ TEMPORAL_SQL_TOOL: sqlTool, SQL_HOST: '127.0.0.1', SQL_PORT: String(databasePort) },
      ...{ SQL_USER: 'temporal', SQL_PASSWORD: databasePassword },
      ...{ SQL_TLS: 'true', SQL_TLS_CA_FILE: path.join(tlsDir, 'ca.pem'), SQL_TLS_SERVER_NAME: 'postgresql' },
    },
  });
  const ports: Record<string, string> = { METRICS_PORT: String(await pickPort()) };
  for (const service of PORTS) {
    ports[`${service}_PORT`] = String(await pickPort());
    ports[`${service}_MEMBERSHIP_PORT`] = String(await pickPort());
  }
  const args = ['--root', '/', '--config', path.join(PRODUCTION, 'temporal'), '--env', 'production'];
  const child = spawn(server, [...args, '--allow-no-auth', 'start'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...ports,
      ...{ POSTGRES_ADDRESS: `127.0.0.1:${databasePort}`, TEMPORAL_DB_PASSWORD: databasePassword },
      ...{ TLS_DIR: tlsDir, TEMPORAL_LOG_LEVEL: 'warn' },
      DYNAMIC_CONFIG_FILE: path.join(PRODUCTION, 'temporal', 'dynamic-config.yaml'),
    },
  });
  const log = createWriteStream(path.join(folder, 'temporal.log'));
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const env = {
    TEMPORAL_ADDRESS: `127.0.0.1:${ports.FRONTEND_PORT}`,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: path.join(tlsDir, 'ca.pem'),
    TEMPORAL_TLS_CLIENT_CERT_PATH: path.join(tlsDir, 'client.pem'),
    TEMPORAL_TLS_CLIENT_KEY_PATH: path.join(tlsDir, 'client.key'),
  };
  for (let tries = 0; !(await hasNamespace(env)); tries++) {
    if (tries > 120 || child.exitCode !== null) throw new Error(`Temporal did not start: ${folder}/temporal.log`);
    await sleep(500);
  }
  return {
    env,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Creates the namespace. False: the server does not serve yet. */
async function hasNamespace(env: Readonly<Record<string, string>>): Promise<boolean> {
  const connection = await Connection.connect({
    ...connectionOptions(readTemporalSettings(env)),
    connectTimeout: '2s',
  }).catch(() => null);
  if (connection === null) return false;
  try {
    const { workflowService } = new Client({ connection });
    await workflowService
      .registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod: msToTs('1 day') })
      // It exists.
      .catch(() => undefined);
    await workflowService.listWorkflowExecutions({ namespace: NAMESPACE, pageSize: 1 });
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
