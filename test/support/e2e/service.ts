/** The whole service for a test: real servers, real processes from dist/, the emulator as the cloud; fast polling, one data folder. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import OSS from 'ali-oss';
import { createCloud } from '../../../alibaba/create-cloud.js';
import { staticCredentials } from '../../../alibaba/credentials.js';
import { EMULATOR_ACCOUNT, withEmulatorKeys } from '../../../cli/emulated-account.js';
import { connectionOptions } from '../../../config/temporal.js';
import { readTemporalSettings } from '../../../config/temporal-environment.js';
import type { ImportView, State } from '../../../domain/import.js';
import { type Stack, startStack } from '../../../local/supervisor/stack.js';
import type { Program } from '../../../local/supervisor/supervised-part.js';
import { openPool } from '../../../store/database.js';
import { makeBucket } from '../cli/run-cli.js';

export const REGION = 'cn-hangzhou';
export const BUCKET = 'test-bucket';
const MAIN = path.resolve(import.meta.dirname, '../../../dist/cli/main.js');
const EMULATOR = path.resolve(import.meta.dirname, '../../../dist/emulator/main.js');
const TEMPORAL_PROXY = path.resolve(import.meta.dirname, '../../../dist/local/temporal/proxy/main.js');
export const DEMO_IMAGE = path.resolve(import.meta.dirname, '../../../assets/debian-demo.qcow2');

/**
 * A frozen worker takes a task with each poll that the server holds open, and only the timeout of that task frees it. With the
 * default of a minute, tests that freeze a worker would wait for several of these timeouts.
 */
const SHORT_POLLS = ['matching.longPollExpirationInterval="3s"'];

/** A bound on a hanging test, below its timeout. */
const PATIENT_MS = 180_000;

const LEARN_NOTHING = `
  create or replace function learn_nothing() returns trigger language plpgsql as $$ begin
    new.budget := new.budget || '{"perMinute": null, "nextAtMs": 0, "blockedUntilMs": 0}';
    return new;
  end $$;
  create or replace trigger learn_nothing before update on rate_budgets for each row execute function learn_nothing();`;

export interface EmulatorImage {
  readonly imageId: string;
  readonly imageName: string;
  readonly regionId: string;
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface EmulatorState {
  readonly images: readonly EmulatorImage[];
  readonly snapshots: readonly {
    readonly snapshotId: string;
    readonly imageId: string;
    readonly regionId: string;
    readonly tags: Readonly<Record<string, string>>;
  }[];
  readonly tasks: readonly {
    readonly taskId: string;
    readonly status: string;
    readonly regionId: string;
    readonly resourceId: string;
  }[];
  readonly objects: readonly { readonly bucket: string; readonly key: string; readonly size: number }[];
  /** Versions that are not current, and delete markers. */
  readonly versions: readonly {
    readonly bucket: string;
    readonly key: string;
    readonly versionId: string;
    readonly isMarker: boolean;
  }[];
  readonly uploads: readonly { readonly bucket: string; readonly key: string; readonly uploadId: string }[];
  readonly roles: readonly { readonly roleName: string }[];
}

export interface EmulatorCall {
  readonly service: string;
  readonly action: string;
  readonly clientToken?: string | null;
  readonly outcome: string;
  /** Null: no response was sent. */
  readonly status: number | null;
  readonly params: Readonly<Record<string, string>>;
  /** Of the request's body that arrived. */
  readonly bytes: number;
  /** ISO time of its arrival. */
  readonly time: string;
}

export interface Fault {
  readonly service: string;
  readonly action: string;
  readonly kind:
    | 'reset-before'
    | 'reset-after'
    | 'hang'
    | 'hang-after'
    | 'hold'
    | 'hold-after'
    | 'cut'
    | 'http'
    | 'slow';
  /** Parameters of the call by name, or a text that one of them holds. */
  readonly match?: Readonly<Record<string, string>> | string;
  readonly times?: number;
  readonly after?: number;
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly delayMs?: number;
}

export type Service = Awaited<ReturnType<typeof startService>>;

export interface ServiceSettings {
  readonly dataDir?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** `NAME@REGION`, besides the one that most tests use. */
  readonly buckets?: readonly string[];
  /** False: payloads are plain, as before they were encrypted. Default: true. */
  readonly encrypts?: boolean;
  /** More arguments of the emulator. */
  readonly emulatorArgs?: readonly string[];
  /** True: the test starts and ends the workers (`startExtraWorker`). A supervised one is restarted later after each kill. */
  readonly withoutWorker?: boolean;
}

/** Takes the place of the worker: does nothing. */
const NO_WORKER: Program = [process.execPath, '-e', 'console.log("ready worker"); setInterval(() => {}, 1 << 30)'];

export async function startService(settings: ServiceSettings = {}) {
  const dataDir = settings.dataDir ?? mkdtempSync(path.join(tmpdir(), 'ecs-image-import-e2e-'));
  const ofService = (name: string): Program =>
    settings.encrypts === false
      ? ['/usr/bin/env', '-u', 'ECS_IMPORT_PAYLOAD_KEYS_FILE', process.execPath, MAIN, name]
      : [process.execPath, MAIN, name];
  const stack: Stack = await startStack({
    dataDir,
    programs: {
      worker: settings.withoutWorker === true ? NO_WORKER : ofService('worker'),
      api: ofService('api'),
      emulator: [process.execPath, EMULATOR, ...(settings.emulatorArgs ?? [])],
      temporalProxy: [process.execPath, TEMPORAL_PROXY],
    },
    env: {
      ...withEmulatorKeys(process.env),
      ECS_IMPORT_POLL_FIRST_MS: '100',
      ECS_IMPORT_POLL_MAX_MS: '500',
      ECS_IMPORT_LOOK_EVERY_MS: '200',
      ECS_IMPORT_RETRY_FIRST_MS: '200',
      ECS_IMPORT_RETRY_MAX_MS: '1000',
      ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '3000',
      ...settings.env,
    },
    emulator: { buckets: [`${BUCKET}@${REGION}`, ...(settings.buckets ?? [])] },
    temporalSettings: SHORT_POLLS,
    say: () => undefined,
    signal: new AbortController().signal,
  });
  const { apiUrl, apiToken, emulatorUrl } = stack;
  if (emulatorUrl === null) throw new Error('the stack has no emulator');

  async function control<T>(route: string, body?: unknown, method = body === undefined ? 'GET' : 'POST'): Promise<T> {
    const response = await fetch(`${emulatorUrl}/_emulator/${route}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`emulator: ${response.status} ${text}`);
    return JSON.parse(text === '' ? '{}' : text);
  }

  /** A request to the API with its key. */
  function send(route: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${apiToken}`);
    return fetch(`${apiUrl}${route}`, { ...init, headers });
  }

  async function request(method: string, route: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await send(route, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
  }

  async function get(id: string): Promise<ImportView> {
    const { status, body } = await request('GET', `/v1/imports/${id}`);
    if (status !== 200) throw new Error(`GET /v1/imports/${id}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async function until(id: string, seen: (view: ImportView) => boolean, withinMs = PATIENT_MS): Promise<ImportView> {
    const start = Date.now();
    for (;;) {
      const view = await get(id).catch(() => null);
      if (view !== null && seen(view)) return view;
      const waitedMs = Date.now() - start;
      if (waitedMs > withinMs)
        throw new Error(`import ${id} did not get there in ${withinMs} ms: ${JSON.stringify(view)}`);
      // Many waits at the same time would take more CPU than the imports that they wait for.
      await sleep(Math.min(250, 50 + waitedMs / 10));
    }
  }

  function databaseUrl(): string {
    const password = readFileSync(path.join(dataDir, 'postgres.password'), 'utf8').trim();
    const address = stack.parts().find((part) => part.name === 'postgres')?.address;
    return `postgres://ecs_image_import:${password}@${address}/ecs_image_import`;
  }

  function ossOf(bucket: string, region = REGION): OSS {
    const place = { region: `oss-${region}`, endpoint: emulatorUrl ?? '', sldEnable: true, authorizationV4: true };
    const options = { ...EMULATOR_ACCOUNT, ...place, bucket };
    return new OSS(options);
  }

  function signal(name: string, what: NodeJS.Signals): void {
    const part = stack.parts().find((one) => one.name === name);
    if (part?.pid === null || part?.pid === undefined) throw new Error(`${name} does not run`);
    process.kill(part.pid, what);
  }

  /** What the process itself wrote, without the lines of the supervisor and of the start. */
  function logOf(part: 'worker' | 'api'): readonly string[] {
    const text = readFileSync(path.join(dataDir, 'logs', `${part}.log`), 'utf8');
    return text.split('\n').filter((line) => line !== '' && !/^(--- |ready )/.test(line));
  }

  const atStop: (() => Promise<void>)[] = [];

  return {
    stack,
    /** `end` runs before the servers stop, also where the test has failed. */
    atStop: (end: () => Promise<void>) => void atStop.push(end),
    logOf,
    dataDir,
    /** Options of Temporal's client for the embedded server. */
    temporalConnection: () => connectionOptions(readTemporalSettings(stack.temporalEnv)),
    databaseUrl,
    apiUrl,
    emulatorUrl,
    /** The variables with which the command line uses this service. */
    cliEnv: { ECS_IMPORT_API: apiUrl, ECS_IMPORT_API_TOKEN: apiToken },
    send,
    request,
    get,
    until,
    untilState: (id: string, ...states: readonly State[]) => until(id, (view) => states.includes(view.state)),
    async start(changes: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<string> {
      const answer = await request('POST', '/v1/imports', requestFor(changes), headers);
      if (answer.status !== 202) throw new Error(`POST /v1/imports: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body.id;
    },
    /** The vendor's client of a bucket, for what somebody else does there. */
    oss: ossOf,
    /** Writes an object as somebody else might. */
    async put(bucket: string, key: string, content: string | Buffer, region = REGION): Promise<void> {
      await ossOf(bucket, region).put(key, Buffer.from(content));
    },
    state: () => control<EmulatorState>('state'),
    async calls(action?: string): Promise<readonly EmulatorCall[]> {
      const { calls } = await control<{ calls: readonly EmulatorCall[] }>('calls');
      return action === undefined ? calls : calls.filter((call) => call.action === action);
    },
    /** Every action that was ever called, as `ecs.ImportImage`. */
    actions: async () => Object.keys((await control<{ counts: object }>('calls?after=1000000000')).counts),
    /** Imports into a bucket of their own share no upload with others, although they send the same image. */
    makeBucket: (name: string, region = REGION) => makeBucket(emulatorUrl, name, region),
    /** The emulated cloud as somebody else of the same account uses it. */
    cloud: createCloud({
      endpoints: { ecs: emulatorUrl, ram: emulatorUrl, sts: emulatorUrl, oss: emulatorUrl },
      credentials: staticCredentials(EMULATOR_ACCOUNT),
    }),
    settings: (values: Record<string, unknown>) => control('settings', values),
    /** Resolves to the fault's id. */
    async fault(fault: Fault): Promise<string> {
      return (await control<{ id: string }>('faults', fault)).id;
    },
    /** How many calls each planted fault has hit, by its id. */
    async hits(): Promise<ReadonlyMap<string, number>> {
      const { faults } = await control<{ faults: readonly { id: string; hits: number }[] }>('faults');
      return new Map(faults.map(({ id, hits }) => [id, hits]));
    },
    /**
     * From now on workers learn nothing of the cloud's limits: they keep to a refusal for minutes, and to one of RAM in all
     * regions, so that imports that are to have nothing to do with each other would wait for each other.
     */
    async learnNoLimits(): Promise<void> {
      const pool = openPool({ url: databaseUrl(), applicationName: 'test', maxConnections: 1 });
      await pool.query(LEARN_NOTHING).finally(() => pool.end());
    },
    /** Writes everything that PostgreSQL has in memory to its data folder. */
    async checkpoint(): Promise<void> {
      const pool = openPool({ url: databaseUrl(), applicationName: 'test', maxConnections: 1 });
      await pool.query('checkpoint').finally(() => pool.end());
    },
    endFault: (id: string) => control(`faults?id=${id}`, undefined, 'DELETE'),
    /** An empty cloud again, with the bucket that the tests use. */
    async resetCloud() {
      await control('reset', {});
      await control('settings', { importSeconds: 0.5, detectionSeconds: 0.2 });
    },
    /** Kills one part without warning; the supervisor brings it back. */
    kill: (name: string) => signal(name, 'SIGKILL'),
    signal,
    async stop(options: { readonly keepData?: boolean } = {}) {
      await Promise.all(atStop.map((end) => end()));
      await stack.stop();
      if (options.keepData !== true) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

let names = 0;

export function requestFor(changes: Record<string, unknown> = {}): Record<string, unknown> {
  names += 1;
  return {
    region: REGION,
    imageName: `test-${process.pid}-${names}`,
    disks: [{ source: `file://${DEMO_IMAGE}` }],
    upload: { bucket: BUCKET, prefix: 'imports/' },
    ...changes,
  };
}
