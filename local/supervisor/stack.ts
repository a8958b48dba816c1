/** The local stack: Temporal, PostgreSQL, optionally the emulator, worker and API, as supervised processes. */
import path from 'node:path';
import { ensureApiToken } from '../../config/api-token.js';
import { withPasswordFile } from '../../config/database.js';
import { payloadKeySource } from '../../config/payload-keys.js';
import { TEMPORAL_UI_PATH } from '../../config/temporal-ui.js';
import { withoutTemporalVariables } from '../../config/temporal-variables.js';
import { formatDuration } from '../../domain/format-duration.js';
import { type Postgres, preparePostgres } from '../postgres/server.js';
import { planTemporal } from '../temporal/plan.js';
import type { CertificateTimes } from '../temporal/renewal.js';
import { checkDatabaseServer } from './external-servers.js';
import { apiTokenFile, makePrivateDir, upCacheDir } from './folders.js';
import { preparePayloadKeys } from './payload-keys-file.js';
import { portPicker, requireFreePort } from './ports.js';
import { messageOf, StackError } from './stack-error.js';
import type { PartName, PartRecord } from './stack-file.js';
import type { PartPlan, Program } from './supervised-part.js';
import { openSupervisor, type Supervisor } from './supervisor.js';

export interface EmulatorOptions {
  /** Default: a free port; 0: another one than in the last run. */
  readonly port?: number;
  /** `NAME@REGION`, created at start. */
  readonly buckets: readonly string[];
}

export interface StackOptions {
  readonly dataDir: string;
  readonly programs: Readonly<Record<'worker' | 'api' | 'emulator' | 'temporalProxy', Program>>;
  /** The environment of all parts; TEMPORAL_ADDRESS and DATABASE_URL in it replace the embedded servers. */
  readonly env: NodeJS.ProcessEnv;
  readonly emulator: EmulatorOptions | null;
  /** More dynamic settings of the embedded Temporal server, `KEY=JSON`. */
  readonly temporalSettings?: readonly string[];
  readonly certificateTimes?: CertificateTimes;
  /** Default: the port of the last run if it is free, else a free port; 0: a free port. */
  readonly apiPort?: number;
  /** Receives progress messages. */
  readonly say: (line: string) => void;
  /** Aborts the start. */
  readonly signal: AbortSignal;
}

export interface Stack {
  readonly dataDir: string;
  readonly apiUrl: string;
  /** An admin key of the API, as in the file `api-token` of the data folder. */
  readonly apiToken: string;
  readonly emulatorUrl: string | null;
  /** Variables with which a client of this user reaches the embedded Temporal server; empty for an external one. */
  readonly temporalEnv: Readonly<Record<string, string>>;
  /** Variables with which another worker on this machine reads the payloads; empty if the environment already has the keys. */
  readonly payloadEnv: Readonly<Record<string, string>>;
  /** Temporal's web interface, which the API serves to admins; null: none. */
  readonly temporalUiUrl: string | null;
  readonly parts: () => readonly PartRecord[];
  /** Stops the parts in order. Can be called more than once. */
  readonly stop: () => Promise<void>;
  /** Kills the parts immediately. */
  readonly kill: () => void;
}

/** Resolves when API and worker are ready. Rejects with `StackError` or the signal's reason after stopping all parts. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { say, signal } = options;
  const dataDir = path.resolve(options.dataDir);
  await makePrivateDir(dataDir, 'set --data to a writable folder');
  const supervisor = await openSupervisor({ dataDir, say });
  const stopEarly = () => void supervisor.stop();
  signal.addEventListener('abort', stopEarly, { once: true });
  try {
    return await startParts({ ...options, dataDir }, supervisor);
  } catch (error) {
    await supervisor.stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', stopEarly);
  }
}

async function startParts(given: StackOptions, supervisor: Supervisor): Promise<Stack> {
  const { dataDir, signal } = given;
  const tokenFile = apiTokenFile(dataDir);
  const token = given.env.ECS_IMPORT_API_TOKEN || null;
  const apiToken = writtenToken(tokenFile, token);
  // Only the API gets the key.
  const { ECS_IMPORT_API_TOKEN: _token, ...others } = given.env;
  const options = { ...given, env: others };
  const pickPort = portPicker();
  const previousPort = (name: PartName) => portOf(supervisor.previousAddress(name));
  const apiPort =
    options.apiPort === undefined
      ? await pickPort(previousPort('api'))
      : await chosenPort(options.apiPort, '--port', pickPort);

  const apiUrl = `${given.env.ECS_IMPORT_TLS_CERT_FILE ? 'https' : 'http'}://127.0.0.1:${apiPort}`;
  const [temporal, postgres, emulator] = await Promise.all([
    planTemporal({
      ...options,
      program: options.programs.temporalProxy,
      settings: options.temporalSettings ?? [],
      pickPort,
      previousPort: previousPort('temporal'),
      apiUrl,
      times: options.certificateTimes ?? {},
      supervisor,
    }),
    planPostgres(options, () => pickPort(previousPort('postgres'))),
    planEmulator(options, () => pickPort(previousPort('emulator'))),
  ]);
  signal.throwIfAborted();
  await startTimed(supervisor, [...temporal.parts, ...postgres.parts, ...emulator.parts], options.say);
  signal.throwIfAborted();
  await postgres.prepare({ onProgress: options.say, signal });

  const payloadEnv = await payloadKeys(options, temporal);
  const env: NodeJS.ProcessEnv = {
    ...withoutProxyToLoopback(temporal.parts.length === 0 ? options.env : withoutTemporalVariables(options.env)),
    ...temporal.env,
    ...postgres.env,
    ...emulator.env,
    ...payloadEnv,
    ECS_IMPORT_PORT: String(apiPort),
    ECS_IMPORT_STACK_FILE: supervisor.stackFile,
    // Keeps converted images in the data folder of this stack.
    ECS_IMPORT_EXPORT_DIR: options.env.ECS_IMPORT_EXPORT_DIR || path.join(options.dataDir, 'exports'),
    ECS_IMPORT_CACHE_DIR: options.env.ECS_IMPORT_CACHE_DIR || upCacheDir(options.dataDir),
  };
  const apiEnv = {
    ...env,
    ...nextHealthPort(env.ECS_IMPORT_HEALTH_PORT),
    ECS_IMPORT_TEMPORAL_UI: String(temporal.hasUi),
    ECS_IMPORT_API_TOKEN_FILE: tokenFile,
    ...(token === null ? {} : { ECS_IMPORT_API_TOKEN: token }),
  };
  const parts = [
    nodePart({ name: 'worker', program: options.programs.worker, env, address: null, line: /^ready worker$/m }),
    nodePart({ name: 'api', program: options.programs.api, env: apiEnv, address: apiUrl, line: /^ready https?:\S+$/m }),
  ];
  await startTimed(supervisor, parts, options.say);
  return {
    dataDir,
    apiUrl,
    apiToken,
    emulatorUrl: emulator.parts[0]?.address ?? null,
    temporalEnv: temporal.env,
    payloadEnv,
    temporalUiUrl: temporal.hasUi ? `${apiUrl}${TEMPORAL_UI_PATH}` : null,
    parts: supervisor.parts,
    stop: supervisor.stop,
    kill: supervisor.kill,
  };
}

/** Says what starts, and how long it took. */
async function startTimed(supervisor: Supervisor, parts: readonly PartPlan[], say: (line: string) => void) {
  if (parts.length === 0) return;
  const names = parts.map(({ name }) => name).join(', ');
  const startedAt = performance.now();
  say(`starting ${names}`);
  await supervisor.start(parts);
  say(`${names} started in ${formatDuration(performance.now() - startedAt)}`);
}

function writtenToken(file: string, given: string | null): string {
  try {
    return ensureApiToken(file, given);
  } catch (error) {
    throw new StackError(messageOf(error), { cause: error });
  }
}

/** An external Temporal server may have workers elsewhere, which need the same keys: there, the operator sets them. */
async function payloadKeys(
  { env, dataDir }: Pick<StackOptions, 'env' | 'dataDir'>,
  temporal: PlannedServer,
): Promise<Record<string, string>> {
  if (temporal.parts.length === 0 || payloadKeySource(env) !== null) return {};
  return { ECS_IMPORT_PAYLOAD_KEYS_FILE: await preparePayloadKeys(dataDir) };
}

/** Worker and API are on one host: the API's port for health checks is the one after the worker's. */
function nextHealthPort(port: string | undefined): NodeJS.ProcessEnv {
  const number = Number(port || 0);
  return number > 0 ? { ECS_IMPORT_HEALTH_PORT: String(number + 1) } : {};
}

/** 0: a free port, and another one than in the last run. */
async function chosenPort(port: number, option: string, pickPort: () => Promise<number>): Promise<number> {
  return port === 0 ? await pickPort() : await requireFreePort(port, option);
}

/** A server that other parts connect to. */
interface PlannedServer {
  /** Empty: an external server. */
  readonly parts: readonly PartPlan[];
  /** Variables for worker and API. */
  readonly env: NodeJS.ProcessEnv;
}

async function planPostgres(
  { env, dataDir, say, signal }: StackOptions,
  pickPort: () => Promise<number>,
): Promise<PlannedServer & { readonly prepare: Postgres['prepareRuntime'] }> {
  if (env.DATABASE_URL !== undefined && env.DATABASE_URL !== '') {
    const url = withPasswordFile('DATABASE_URL', env.DATABASE_URL, env.DATABASE_PASSWORD_FILE || undefined);
    await checkDatabaseServer(url, signal, { say });
    return { parts: [], env: {}, prepare: async () => undefined };
  }
  const { part, runtimeUrl, prepareRuntime } = await preparePostgres({ dataDir, port: await pickPort(), env });
  return { parts: [part], env: { DATABASE_URL: runtimeUrl }, prepare: prepareRuntime };
}

async function planEmulator(
  { emulator, env, dataDir, programs }: StackOptions,
  pickPort: () => Promise<number>,
): Promise<PlannedServer> {
  if (emulator === null) return { parts: [], env: {} };
  const port =
    emulator.port === undefined ? await pickPort() : await chosenPort(emulator.port, '--emulator-port', pickPort);
  const url = `http://127.0.0.1:${port}`;
  const [file, ...first] = programs.emulator;
  const program: Program = [
    file,
    ...first,
    ...['--port', String(port), '--data', path.join(dataDir, 'emulator')],
    ...emulator.buckets.flatMap((bucket) => ['--bucket', bucket]),
  ];
  return {
    parts: [nodePart({ name: 'emulator', program, env, address: url, line: /^ready http:\S+$/m })],
    env: {
      ...{ ECS_ENDPOINT: url, RAM_ENDPOINT: url, STS_ENDPOINT: url, OSS_ENDPOINT: url },
      ...{ RESOURCE_SHARING_ENDPOINT: url, QUOTA_CENTER_ENDPOINT: url },
    },
  };
}

interface NodePart {
  readonly name: PartName;
  readonly program: Program;
  readonly env: NodeJS.ProcessEnv;
  readonly address: string | null;
  readonly line: RegExp;
}

function nodePart({ name, program: [file, ...args], env, address, line }: NodePart): PartPlan {
  return {
    name,
    address,
    command: { file, args, env },
    ready: { line },
    readyWithinMs: 90_000,
    // A worker completes or cancels its running activities first.
    stopWithinMs: 20_000,
  };
}

/** Calls to this machine must not use an HTTP proxy. */
function withoutProxyToLoopback(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const list = [env.NO_PROXY ?? env.no_proxy, '127.0.0.1', 'localhost'].filter(
    (entry) => entry !== undefined && entry !== '',
  );
  return { ...env, NO_PROXY: list.join(','), no_proxy: list.join(',') };
}

function portOf(address: string | null): number | undefined {
  const port = address === null ? undefined : /:(\d+)$/.exec(address)?.[1];
  return port === undefined ? undefined : Number(port);
}
