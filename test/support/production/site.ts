/**
 * The production topology of docs/production.md on one machine: Temporal on PostgreSQL with a synchronous standby, roles with few
 * rights, TLS between all processes, encrypted payloads, two workers and two APIs. The cloud is the emulator.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { withEmulatorKeys } from '../../../cli/emulated-account.js';
import { portPicker } from '../../../local/supervisor/ports.js';
import { type Answer, httpsJson } from './https-json.js';
import { type PostgresPair, startPostgresPair } from './postgres-pair.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { startTemporalServer, type TemporalServer } from './temporal-server.js';

const execute = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../../..');
const MAIN = path.join(ROOT, 'dist/cli/main.js');
const SLOTS = [0, 1] as const;
export const REGION = 'cn-hangzhou';
export const BUCKET = 'images';

const stateSchema = z.object({
  images: z.array(z.object({ imageId: z.string(), imageName: z.string() })),
  tasks: z.array(z.unknown()),
  objects: z.array(z.unknown()),
  uploads: z.array(z.unknown()),
});

export interface RequestOptions {
  readonly body?: unknown;
  /** The idempotency key. */
  readonly key?: string;
  /** Null: none. */
  readonly token?: string | null;
}

export interface Site {
  readonly folder: string;
  readonly postgres: PostgresPair;
  /** Variables of all workers and APIs. */
  readonly env: Readonly<Record<string, string>>;
  /** A request to one of the APIs over TLS, by default with the admin key. Rejects if that API does not answer. */
  request(api: number, method: string, route: string, options?: RequestOptions): Promise<Answer>;
  /** The certificate authority. */
  readonly ca: Buffer;
  /** With which the command line reaches the first API. */
  readonly cliEnv: Readonly<Record<string, string>>;
  emulator(route: string, body?: unknown): Promise<unknown>;
  state(): Promise<z.infer<typeof stateSchema>>;
  /** Replaces the workers, then the APIs, one process after the other. */
  roll(main?: string): Promise<void>;
  /** Applies the migrations of a release as the owner of the tables. */
  migrate(main?: string): Promise<void>;
  close(): Promise<void>;
}

export async function startSite(): Promise<Site> {
  const folder = await mkdtemp(path.join(tmpdir(), 'production-'));
  // PostgreSQL runs as another user.
  await chmod(folder, 0o755);
  const [tlsDir, secretsDir] = [path.join(folder, 'tls'), path.join(folder, 'secrets')];
  await execute('sh', [path.join(ROOT, 'integrations/production/make-certificates.sh'), tlsDir]);
  await mkdir(secretsDir);
  const passwords = { temporal: newSecret(), owner: newSecret(), app: newSecret() };
  const secret = async (name: string, value: string) => {
    const file = path.join(secretsDir, name);
    await writeFile(file, `${value}\n`, { mode: 0o600 });
    return file;
  };
  const picker = portPicker();
  const pickPort = () => picker();

  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const one of closing.reverse()) await one();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const postgres = await startPostgresPair({ folder, tlsDir, pickPort });
    closing.push(() => postgres.close());
    await createRoles(postgres, passwords);
    const temporal: TemporalServer = await startTemporalServer({
      ...{ folder, tlsDir, pickPort, databasePort: postgres.port, databasePassword: passwords.temporal },
    });
    closing.push(() => temporal.close());

    const cloudPort = await pickPort();
    const cloud = `https://127.0.0.1:${cloudPort}`;
    const cloudDir = path.join(folder, 'cloud');
    const bucket = `${BUCKET}@${REGION}`;
    const emulator = await startServiceProcess({
      // Not the command `emulator`, which starts it as a process of its own.
      main: path.join(ROOT, 'dist/emulator/main.js'),
      args: ['--port', String(cloudPort), '--data', cloudDir, '--bucket', bucket, '--tls'],
      env: process.env,
      logFile: path.join(folder, 'emulator.log'),
    });
    closing.push(() => emulator.kill());
    const cloudCa = path.join(cloudDir, 'tls', 'certificate.pem');
    const cloudClient = httpsJson(await readFile(cloudCa));

    const databaseUrl = (user: string) =>
      `postgres://${user}@127.0.0.1:${postgres.port}/ecs_image_import?sslmode=verify-full&sslrootcert=${path.join(tlsDir, 'ca.pem')}`;
    const env = {
      ...temporal.env,
      DATABASE_URL: databaseUrl('ecs_app'),
      DATABASE_PASSWORD_FILE: await secret('app-password', passwords.app),
      ECS_IMPORT_PAYLOAD_KEYS_FILE: await secret('payload-keys', `first:${randomBytes(32).toString('base64')}`),
      ECS_IMPORT_WORKER_HOST: 'images-1',
      ECS_IMPORT_SHUTDOWN_MS: '3000',
      NODE_EXTRA_CA_CERTS: cloudCa,
      ...{ ECS_ENDPOINT: cloud, RAM_ENDPOINT: cloud, STS_ENDPOINT: cloud, OSS_ENDPOINT: cloud },
      ...{ ECS_IMPORT_POLL_FIRST_MS: '200', ECS_IMPORT_POLL_MAX_MS: '1000', ECS_IMPORT_LOOK_EVERY_MS: '200' },
      ...{ ECS_IMPORT_RETRY_FIRST_MS: '200', ECS_IMPORT_RETRY_MAX_MS: '1000', ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '5000' },
    };
    const migration = {
      DATABASE_MIGRATE_URL: databaseUrl('ecs_owner'),
      DATABASE_MIGRATE_PASSWORD_FILE: await secret('owner-password', passwords.owner),
    };
    const migrate = async (main = MAIN) => {
      await execute(process.execPath, [main, 'migrate', '--runtime-role', 'ecs_app'], {
        env: { ...process.env, ...env, ...migration },
      });
    };
    await migrate();

    const apiPorts = [await pickPort(), await pickPort()];
    const healthPorts = { worker: [await pickPort(), await pickPort()], api: [await pickPort(), await pickPort()] };
    const apiEnv = {
      ECS_IMPORT_TLS_CERT_FILE: path.join(tlsDir, 'api.pem'),
      ECS_IMPORT_TLS_KEY_FILE: path.join(tlsDir, 'api.key'),
      // The first API creates it.
      ECS_IMPORT_API_TOKEN_FILE: path.join(secretsDir, 'api-token'),
      ECS_IMPORT_EXPORT_DIR: 'none',
    };
    const parts = new Map<string, ServiceProcess>();
    const start = async (name: 'worker' | 'api', slot: number, main: string) => {
      const healthPort = healthPorts[name][slot];
      const part = await startServiceProcess({
        main,
        args: [name],
        env: {
          ...withEmulatorKeys(process.env),
          ...env,
          ECS_IMPORT_HEALTH_PORT: String(healthPort),
          ...(name === 'api' ? { ...apiEnv, ECS_IMPORT_PORT: String(apiPorts[slot]) } : {}),
          ...(name === 'worker' ? { ECS_IMPORT_CACHE_DIR: path.join(folder, `cache-${slot}`) } : {}),
        },
        logFile: path.join(folder, `${name}-${slot}.log`),
      });
      parts.set(`${name}-${slot}`, part);
      // As orchestrators do it.
      for (let polls = 0; !(await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok; polls++) {
        if (polls > 600) throw new Error(`${name}-${slot} is not ready`);
        await sleep(100);
      }
    };
    closing.push(() => Promise.all([...parts.values()].map((part) => part.kill())));
    for (const name of ['worker', 'api'] as const) await Promise.all(SLOTS.map((slot) => start(name, slot, MAIN)));

    const token = (await readFile(apiEnv.ECS_IMPORT_API_TOKEN_FILE, 'utf8')).trim();
    const ca = await readFile(path.join(tlsDir, 'ca.pem'));
    const client = httpsJson(ca);
    const urlOf = (api: number) => `https://127.0.0.1:${apiPorts[api]}`;
    const site: Site = {
      ...{ folder, postgres, env, ca, migrate, close },
      cliEnv: {
        ECS_IMPORT_API: urlOf(0),
        ECS_IMPORT_API_TOKEN: token,
        NODE_EXTRA_CA_CERTS: path.join(tlsDir, 'ca.pem'),
      },
      request: (api, method, route, { body, key, token: as = token } = {}) =>
        client.send(
          method,
          `${urlOf(api)}${route}`,
          {
            ...(as === null ? {} : { authorization: `Bearer ${as}` }),
            ...(key === undefined ? {} : { 'idempotency-key': key }),
          },
          body,
        ),
      emulator: async (route, body) => {
        const method = body === undefined ? 'GET' : 'POST';
        const answer = await cloudClient.send(method, `${cloud}/_emulator/${route}`, {}, body);
        if (answer.status >= 300) throw new Error(`emulator: ${answer.status} ${JSON.stringify(answer.body)}`);
        return answer.body;
      },
      state: async () => stateSchema.parse(await site.emulator('state')),
      async roll(main = MAIN) {
        for (const name of ['worker', 'api'] as const) {
          for (const slot of SLOTS) {
            const code = await parts.get(`${name}-${slot}`)?.stop();
            if (code !== 0) throw new Error(`${name}-${slot} ended with code ${code}`);
            await start(name, slot, main);
          }
        }
      },
    };
    return site;
  } catch (error) {
    await close();
    throw error;
  }
}

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}

/** The statements of roles.sql, with the variables that `psql` would replace. */
async function createRoles(postgres: PostgresPair, passwords: Readonly<Record<string, string>>): Promise<void> {
  const sql = await readFile(path.join(ROOT, 'integrations/production/roles.sql'), 'utf8');
  const statements = sql
    .replace(/^--.*$/gm, '')
    .replace(/:'(\w+)_password'/g, (_match, role: string) => `'${passwords[role]}'`)
    .split(';');
  for (const statement of statements) if (statement.trim() !== '') await postgres.query(statement);
}
