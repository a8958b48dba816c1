/** Everything that runs on one machine: Temporal, PostgreSQL, the emulator where asked for, worker and API, supervised. */
import path from 'node:path';
import { namesTemporal, readTemporalSettings, withoutTemporalVariables } from '../../config/temporal-environment.js';
import { preparePostgres } from '../postgres/server.js';
import { findTemporal } from '../temporal/binary.js';
import { temporalPart } from '../temporal/server.js';
import { cacheDir, makePrivateDir } from './folders.js';
import { demandDatabase, demandTemporal } from './outside-servers.js';
import { demandPort, portPicker } from './ports.js';
import type { PartName, PartRecord } from './stack-file.js';
import type { PartPlan } from './supervised-part.js';
import { openSupervisor, type Supervisor } from './supervisor.js';

/** Program and arguments; the part's own arguments are added. */
export type Program = readonly [string, ...string[]];

export interface EmulatorOptions {
  /** A free one when left out. */
  readonly port?: number;
  /** `NAME@REGION`, made at start. */
  readonly buckets: readonly string[];
}

export interface StackOptions {
  readonly dataDir: string;
  readonly programs: { readonly worker: Program; readonly api: Program; readonly emulator: Program };
  /** The environment of all parts; TEMPORAL_ADDRESS and DATABASE_URL in it replace the embedded servers. */
  readonly env: NodeJS.ProcessEnv;
  readonly emulator: EmulatorOptions | null;
  /** A free one when left out; the one used before where it is still free. */
  readonly apiPort?: number;
  /** Told what happens; one line each. */
  readonly say: (line: string) => void;
  /** Aborts a start that is under way. */
  readonly signal: AbortSignal;
}

export interface Stack {
  readonly dataDir: string;
  readonly apiUrl: string;
  readonly emulatorUrl: string | null;
  /** Temporal's page, where the server is the embedded one. */
  readonly temporalUiUrl: string | null;
  readonly parts: () => readonly PartRecord[];
  /** Stops the parts in order; safe to call more than once. */
  readonly stop: () => Promise<void>;
  /** Kills them at once. */
  readonly kill: () => void;
}

/** Resolves when API and worker serve. When it rejects (`StackError`, or the signal's reason) nothing is left running. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { say, signal } = options;
  const dataDir = path.resolve(options.dataDir);
  await makePrivateDir(dataDir, 'give --data a folder that can be written');
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

async function startParts(options: StackOptions, supervisor: Supervisor): Promise<Stack> {
  const { dataDir, signal } = options;
  const pickPort = portPicker();
  const portBefore = (name: PartName) => portOf(supervisor.earlier(name));
  const apiPort =
    options.apiPort === undefined ? await pickPort(portBefore('api')) : await demandPort(options.apiPort, '--port');

  const servers = await Promise.all([
    planTemporal(options, () => pickPort(portBefore('temporal')), pickPort),
    planPostgres(options, () => pickPort(portBefore('postgres'))),
    planEmulator(options, () => pickPort(portBefore('emulator'))),
  ]);
  signal.throwIfAborted();
  const [temporal, postgres, emulator] = servers;
  await supervisor.start(servers.flatMap(({ part }) => (part === null ? [] : [part])));
  signal.throwIfAborted();

  const env: NodeJS.ProcessEnv = {
    ...withoutProxyToLoopback(temporal.part === null ? options.env : withoutTemporalVariables(options.env)),
    ...temporal.env,
    ...postgres.env,
    ...emulator.env,
    ECS_IMPORT_PORT: String(apiPort),
    ECS_IMPORT_STACK_FILE: supervisor.stackFile,
    // Converted images on the way to the cloud lie with everything else that is this stack's.
    ECS_IMPORT_CACHE_DIR: options.env.ECS_IMPORT_CACHE_DIR || path.join(options.dataDir, 'images'),
  };
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  await supervisor.start([
    nodePart({ name: 'worker', program: options.programs.worker, env, address: null, line: /^ready worker$/m }),
    nodePart({ name: 'api', program: options.programs.api, env, address: apiUrl, line: /^ready http:\S+$/m }),
  ]);
  return {
    dataDir,
    apiUrl,
    emulatorUrl: emulator.part?.address ?? null,
    temporalUiUrl: temporal.uiUrl,
    parts: supervisor.parts,
    stop: supervisor.stop,
    kill: supervisor.kill,
  };
}

/** A server that the others are pointed to: started here, or (`part` null) running elsewhere. */
interface PlannedServer {
  readonly part: PartPlan | null;
  /** What worker and API are told of it. */
  readonly env: NodeJS.ProcessEnv;
}

async function planTemporal(
  { env, dataDir, say, signal }: StackOptions,
  pickGrpcPort: () => Promise<number>,
  pickPort: () => Promise<number>,
): Promise<PlannedServer & { readonly uiUrl: string | null }> {
  if (namesTemporal(env)) {
    await demandTemporal(readTemporalSettings(env), signal);
    return { part: null, env: {}, uiUrl: null };
  }
  const binary = await findTemporal({ env, cacheDir: cacheDir(env), say, signal });
  const namespace = env.TEMPORAL_NAMESPACE || 'default';
  const ports = {
    grpc: await pickGrpcPort(),
    ui: await pickPort(),
    http: await pickPort(),
    metrics: await pickPort(),
  };
  const part = temporalPart({ binary, dataDir, namespace, ports, env });
  return {
    part,
    env: { TEMPORAL_ADDRESS: `127.0.0.1:${ports.grpc}`, TEMPORAL_NAMESPACE: namespace },
    uiUrl: `http://127.0.0.1:${ports.ui}`,
  };
}

async function planPostgres(
  { env, dataDir, signal }: StackOptions,
  pickPort: () => Promise<number>,
): Promise<PlannedServer> {
  if (env.DATABASE_URL !== undefined && env.DATABASE_URL !== '') {
    await demandDatabase(env.DATABASE_URL, signal);
    return { part: null, env: {} };
  }
  const { part, url } = await preparePostgres({ dataDir, port: await pickPort(), env });
  return { part, env: { DATABASE_URL: url } };
}

async function planEmulator(
  { emulator, env, dataDir, programs }: StackOptions,
  pickPort: () => Promise<number>,
): Promise<PlannedServer> {
  if (emulator === null) return { part: null, env: {} };
  const port = emulator.port === undefined ? await pickPort() : await demandPort(emulator.port, '--emulator-port');
  const url = `http://127.0.0.1:${port}`;
  const [file, ...first] = programs.emulator;
  const program: Program = [
    file,
    ...first,
    ...['--port', String(port), '--data', path.join(dataDir, 'emulator')],
    ...emulator.buckets.flatMap((bucket) => ['--bucket', bucket]),
  ];
  return {
    part: nodePart({ name: 'emulator', program, env, address: url, line: /^ready http:\S+$/m }),
    env: { ECS_ENDPOINT: url, RAM_ENDPOINT: url, STS_ENDPOINT: url, OSS_ENDPOINT: url },
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
    // A worker first ends what it is doing.
    stopWithinMs: 20_000,
  };
}

/** A proxy for the outside must not be asked for the way to this machine. */
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
