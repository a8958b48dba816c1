/** Random sequences of user commands, faults, worker crashes and waits, and a small model of the expected outcome. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { type ImportView, isFinal } from '../../domain/import.js';
import type { Service } from '../support/e2e/service.js';
import { faultOf, KINDS, type Kind, TIMES, type Times } from './cases.js';
import { violations } from './judge.js';
import { requestOf } from './run-case.js';
import { setCloud } from './run-matrix.js';
import { isShared, matchOf, SANDBOXES, type Sandbox, sandboxAt } from './sandboxes.js';
import { CALLS } from './scenarios.js';

export const MODEL_ENV: NodeJS.ProcessEnv = {
  ECS_IMPORT_CALL_TIMEOUT_MS: '1500',
  ECS_IMPORT_PATIENCE_MS: '3000',
  ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '2000',
  ECS_IMPORT_RETRY_FIRST_MS: '100',
  ECS_IMPORT_RETRY_MAX_MS: '500',
  ECS_IMPORT_MAX_UPLOADS: '20',
};

/** A fault is planted before the import starts; everything else happens while it runs. A twin sends the same content to the same bucket. */
type Move =
  | { readonly do: 'fault'; readonly call: number; readonly kind: Kind; readonly times: Times }
  | { readonly do: 'start-twin' }
  | { readonly do: 'cancel'; readonly of: 'first' | 'last'; readonly keepImage: boolean }
  | { readonly do: 'resume' }
  | { readonly do: 'kill-worker' }
  | { readonly do: 'wait'; readonly ms: number };
export type Script = readonly Move[];

const CALLS_OF_IMPORT = CALLS.filter((call) => call.scenario === 'import' && !isShared(call));

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      call: fc.nat(CALLS_OF_IMPORT.length - 1),
      kind: fc.constantFrom(...KINDS),
      times: fc.constantFrom(...TIMES),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start-twin' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cancel' as const),
      of: fc.constantFrom('first' as const, 'last' as const),
      keepImage: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resume' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill-worker' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(50, 200, 500, 1_000) }) },
);
const script = fc.array(move, { minLength: 1, maxLength: 8 });

export function isScript(value: unknown): value is Script {
  return Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null && 'do' in one);
}

export interface Search {
  readonly runs: number;
  readonly seed: number;
  /** Number of sequences that run concurrently. */
  readonly concurrency: number;
  /** Reports each finished sequence, and each one that takes suspiciously long. */
  readonly say?: (line: string) => void;
}

/** Longer than any sequence takes: a report after this time indicates a hang. */
const SUSPICIOUS_AFTER_MS = 180_000;

/**
 * Generates sequences and runs a share of them in each sandbox.
 * @param run runs a sequence and returns its violations
 * @returns for each sandbox with a violation: the violations, and the command that replays the shrunk sequence
 */
export async function search(
  options: Search,
  run: (sandbox: number, script: Script) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const say = options.say ?? (() => undefined);
  const began = Date.now();
  let ended = 0;
  const sandboxes = Array.from({ length: Math.min(options.concurrency, options.runs) }, (_, sandbox) => sandbox);
  const found = await Promise.all(
    sandboxes.map(async (sandbox) => {
      const numRuns = Math.ceil((options.runs - sandbox) / sandboxes.length);
      const seed = options.seed + sandbox;
      let lastViolations: readonly string[] = [];
      const property = fc.asyncProperty(script, async (moves) => {
        const watchdog = setTimeout(() => say(`still running: ${JSON.stringify(moves)}`), SUSPICIOUS_AFTER_MS);
        const broken = await run(sandbox, moves).finally(() => clearTimeout(watchdog));
        ended += 1;
        say(`${ended} ended after ${((Date.now() - began) / 1_000).toFixed(0)} s`);
        for (const line of broken) say(`BROKEN by ${JSON.stringify(moves)}: ${line}`);
        if (broken.length > 0) lastViolations = broken;
        return broken.length === 0;
      });
      const result = await fc.check(property, { numRuns, seed, endOnFailure: false });
      if (!result.failed) return [];
      const [shrunk = []] = result.counterexample ?? [];
      const moves = await shortened(shrunk, async (script) => (await run(sandbox, script)).length > 0);
      return [...lastViolations, `seed ${seed}, replay with: npm run model -- --replay '${JSON.stringify(moves)}'`];
    }),
  );
  return found.flat();
}

/** fast-check shrinks an array from its front: this also removes the moves after the relevant one. */
async function shortened(script: Script, breaks: (script: Script) => Promise<boolean>): Promise<Script> {
  for (const index of script.keys()) {
    const shorter = script.toSpliced(-1 - index, 1);
    if (shorter.length > 0 && (await breaks(shorter))) return shortened(shorter, breaks);
  }
  return script;
}

export async function checkSequences(service: Service, source: string, options: Search): Promise<readonly string[]> {
  await setCloud(service, MODEL_CLOUD);
  const killWorker = combinedKills(service);
  return search({ ...options, concurrency: Math.min(options.concurrency, SANDBOXES.length) }, async (index, moves) => {
    const sandbox = sandboxAt(index);
    return runScript({ service, sandbox, source, killWorker }, moves);
  });
}

/** Runs a single sequence. */
export async function replay(service: Service, source: string, moves: Script): Promise<readonly string[]> {
  const sandbox = sandboxAt(0);
  await setCloud(service, MODEL_CLOUD);
  return runScript({ service, sandbox, source, killWorker: combinedKills(service) }, moves);
}

const MODEL_CLOUD = { importSeconds: 0.4, copySeconds: 0.3 };

const ENDS_WITHIN_MS = 600_000;

interface Place {
  readonly service: Service;
  readonly sandbox: Sandbox;
  readonly source: string;
  readonly killWorker: () => Promise<void>;
}

async function runScript({ service, sandbox, source, killWorker }: Place, moves: Script): Promise<readonly string[]> {
  const request = requestOf('import', sandbox, source);
  const faults: string[] = [];
  for (const one of moves) {
    const call = one.do === 'fault' ? CALLS_OF_IMPORT[one.call] : undefined;
    if (one.do !== 'fault' || call === undefined) continue;
    const match = matchOf(call, sandbox, String(request.roleName));
    faults.push(await service.fault(faultOf({ ...call, ...one, name: '' }, match)));
  }
  const cancelled = new Set<string>();
  try {
    const first = await service.start(request);
    const ids = [first];
    for (const one of moves) {
      if (one.do === 'wait') await sleep(one.ms);
      if (one.do === 'kill-worker') await killWorker();
      if (one.do === 'start-twin') ids.push(await service.start(requestOf('import', sandbox, source)));
      if (one.do === 'resume') for (const id of ids) await post(service, id, 'resume', {});
      if (one.do === 'cancel') {
        const id = (one.of === 'last' ? ids.at(-1) : undefined) ?? first;
        const answer = await post(service, id, 'cancel', { keepImage: one.keepImage });
        if (answer === 202) cancelled.add(id);
      }
    }
    for (const fault of faults) await service.endFault(fault);
    // An object that twins share is deleted after all of them have ended.
    const views = await Promise.all(ids.map((id) => untilEnded(service, id)));
    const broken = await Promise.all(views.map((view) => verdict(service, view, cancelled.has(view.id))));
    return broken.flat();
  } finally {
    for (const fault of faults) await service.endFault(fault);
  }
}

/** All faults are removed: the import must have ended as the user requested. */
async function verdict(service: Service, view: ImportView, cancelled: boolean): Promise<readonly string[]> {
  const { events } = (
    await service.request('GET', `/v1/imports/${view.id}/report`, undefined, { accept: 'application/json' })
  ).body;
  const expected = cancelled ? 'cancelled' : 'succeeded';
  const broken = [...violations({ view: withoutKept(view), cloud: await service.state(), events, stops: 0 })];
  if (view.state !== expected) {
    broken.push(`ended ${view.state}, not ${expected}: ${view.error?.code ?? ''} ${view.error?.message ?? ''}`);
  }
  return broken.map((line) => `${view.id} ${line}`);
}

/** For a cancelled import that keeps its finished image, expects the image and copies in its record. */
function withoutKept(view: ImportView): ImportView {
  const keeps = view.state === 'cancelled' && view.image !== null;
  if (!keeps) return view;
  const regions = view.copies.map(({ regionId }) => regionId);
  return { ...view, state: 'succeeded', request: { ...view.request, distribute: { regions, shareWith: [] } } };
}

async function untilEnded(service: Service, id: string): Promise<ImportView> {
  for (const end = Date.now() + ENDS_WITHIN_MS; ; await sleep(100)) {
    const view = await service.get(id).catch(() => null);
    if (view === null) continue;
    if (isFinal(view.state) || Date.now() > end) return view;
    if (view.attention !== null) await post(service, id, 'resume', {});
  }
}

/** The HTTP status, or 0 without a response. */
async function post(service: Service, id: string, what: string, body: object): Promise<number> {
  return await service.request('POST', `/v1/imports/${id}/${what}`, body).then(
    ({ status }) => status,
    () => 0,
  );
}

/** The minimum time between a worker's start and its kill: a worker that cannot start makes no progress. */
const MIN_UPTIME_MS = 8_000;

/** Combines kills that are requested at about the same time: each costs all sandboxes the start of a worker. */
function combinedKills(service: Service): () => Promise<void> {
  const pidOfReady = () =>
    service.stack.parts().find(({ name, state }) => name === 'worker' && state === 'ready')?.pid ?? null;
  let next: Promise<void> | null = null;
  let restarted = false;
  const kill = async () => {
    for (;;) {
      while (pidOfReady() === null) await sleep(100);
      const pid = pidOfReady();
      // The first worker has been running long enough.
      if (restarted) await sleep(MIN_UPTIME_MS);
      if (pid !== null && pid === pidOfReady()) break;
    }
    next = null;
    restarted = true;
    service.kill('worker');
  };
  return () => {
    next ??= kill();
    return next;
  };
}
