/** Runs one import with one fault, from the request to the verdict, and acts like a user on every stop. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ImportView, isFinal } from '../../domain/import.js';
import type { Service } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';
import { type FaultCase, faultOf } from './cases.js';
import { violations } from './judge.js';
import { bucketOf, matchOf, type Sandbox } from './sandboxes.js';
import { FAILING, RESOURCE_SHARE, SCENARIOS, type ScenarioName } from './scenarios.js';

export interface Verdict {
  readonly name: string;
  readonly importId: string | null;
  readonly state: string;
  /** Codes of the stops for attention, in order. */
  readonly stops: readonly string[];
  /** Number of calls that the fault has hit. */
  readonly hits: number;
  readonly seconds: number;
  readonly violations: readonly string[];
}

/** Longer than any case takes, even on a slow machine. */
const ENDS_WITHIN_MS = 600_000;
const POLL_INTERVAL_MS = 100;

let roles = 0;

export function requestOf(scenario: ScenarioName, sandbox: Sandbox, source: string): Record<string, unknown> {
  roles += 1;
  const { copies, ends, object, request } = SCENARIOS[scenario];
  const imageName = `${ends === 'failed' ? FAILING : 'matrix'}-${process.pid}-${roles}`;
  return {
    region: sandbox.region,
    imageName,
    roleName: `matrix-${process.pid}-${roles}`,
    disks: [
      { source: object ? `oss://${sandbox.bucket}/${givenKey(imageName)}` : source, format: 'RAW', diskImageSize: 5 },
    ],
    upload: { bucket: bucketOf(scenario, sandbox), prefix: 'matrix/' },
    osType: 'linux',
    inspection: { failOn: 'never' },
    detection: { failOn: 'never' },
    ...request,
    ...(copies ? { distribute: distributionOf(sandbox) } : {}),
  };
}

function distributionOf({ copyRegion }: Sandbox): object {
  const resourceShares = { [copyRegion]: RESOURCE_SHARE };
  return { regions: [copyRegion], shareWith: ['1000000000000002'], resourceShares };
}

export async function runCase(service: Service, one: FaultCase, sandbox: Sandbox, source: string): Promise<Verdict> {
  const began = Date.now();
  const request = requestOf(one.scenario, sandbox, source);
  const faultId = await service.fault(faultOf(one, matchOf(one, sandbox, String(request.roleName))));
  const turnIds = await prepare(service, one.scenario, sandbox, request);
  try {
    const id = await service.start(request);
    let hits = 0;
    const count = async () => {
      hits = (await service.hits()).get(faultId) ?? hits;
    };
    const removeFault = async () => {
      await count();
      await service.endFault(faultId);
    };
    const { view, stops } = await follow(service, id, { ...one, turnIds }, removeFault);
    await count();
    const verdict = await judge(service, view, one.scenario, stops, one.times === 'ever');
    return { name: one.name, ...verdict, hits, seconds: (Date.now() - began) / 1_000 };
  } finally {
    for (const planted of [faultId, ...turnIds]) await service.endFault(planted);
  }
}

/**
 * Sets up what the scenario needs before the import starts: its object, if it does not upload one, and its extra faults.
 * @returns the ids of the extra faults
 */
export async function prepare(
  service: Service,
  scenario: ScenarioName,
  sandbox: Sandbox,
  request: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const { object, turns } = SCENARIOS[scenario];
  // Unique content, so that no cached inspection applies.
  if (object) {
    const imageName = String(request.imageName);
    await service.put(
      sandbox.bucket,
      givenKey(imageName),
      Buffer.concat([raw(), Buffer.alloc(512, imageName)]),
      sandbox.region,
    );
  }
  const faults = turns?.(sandbox, String(request.roleName)) ?? [];
  return Promise.all(faults.map((fault) => service.fault(fault)));
}

function givenKey(imageName: string): string {
  return `given/${imageName}.raw`;
}

/** Cancels when the scenario requires it. At each stop it removes the fault and resumes, or cancels if the fault is permanent. */
export async function follow(
  service: Service,
  id: string,
  one: {
    readonly scenario: ScenarioName;
    readonly times: FaultCase['times'];
    readonly turnIds: readonly string[];
  },
  removeFault: () => Promise<void>,
): Promise<{
  readonly view: ImportView;
  readonly stops: readonly string[];
  /** False: the import ended before it was time to cancel, or it is not cancelled in this scenario. */
  readonly isCancelled: boolean;
}> {
  const { cancelWhen } = SCENARIOS[one.scenario];
  const isTime = async (view: ImportView): Promise<boolean> => {
    if (cancelWhen === undefined) return false;
    if (one.turnIds.length === 0) return cancelWhen(view, null);
    const hits = await service.hits();
    return cancelWhen(
      view,
      one.turnIds.reduce((sum, id) => sum + (hits.get(id) ?? 0), 0),
    );
  };
  const stops: string[] = [];
  let cancelled = false;
  let isCancelled = false;
  let [seen, handled]: [string | null, string | null] = [null, null];
  /** @returns false if the server is unavailable: the caller tries again */
  const send = async (what: 'cancel' | 'resume'): Promise<boolean> => {
    const response = service.request('POST', `/v1/imports/${id}/${what}`, {});
    const status = await response.then((answer) => answer.status).catch(() => 0);
    if (what === 'cancel' && status === 202) isCancelled = true;
    return status === 202 || status === 409;
  };
  for (const end = Date.now() + ENDS_WITHIN_MS; ; await sleep(POLL_INTERVAL_MS)) {
    const view = await service.get(id).catch(() => null);
    if (view === null) continue;
    if (isFinal(view.state) || Date.now() > end) return { view, stops, isCancelled };
    if (!cancelled && (await isTime(view))) cancelled = await send('cancel');
    const since = view.attention?.since ?? null;
    if (view.attention === null || since === handled) continue;
    if (since !== seen) stops.push(view.attention.code);
    seen = since;
    if (one.times === 'ever' && !cancelled) {
      cancelled = await send('cancel');
      if (cancelled) handled = since;
    } else {
      if (one.times === 'ever') await removeFault();
      if (await send('resume')) handled = since;
    }
  }
}

/**
 * @param mayGiveUp accept a cancelled import: the user may have cancelled because of a permanent fault; `always`: or for
 *   another reason
 */
export async function judge(
  service: Service,
  view: ImportView,
  scenario: ScenarioName,
  stops: readonly string[],
  mayGiveUp: boolean | 'always',
): Promise<Pick<Verdict, 'importId' | 'state' | 'stops' | 'violations'>> {
  const { events } = (
    await service.request('GET', `/v1/imports/${view.id}/report`, undefined, { accept: 'application/json' })
  ).body;
  const broken = [...violations({ view, cloud: await service.state(), events, stops: stops.length })];
  const expected = SCENARIOS[scenario].ends;
  const gaveUp = (mayGiveUp === 'always' || (mayGiveUp && stops.length > 0)) && view.state === 'cancelled';
  if (view.state !== expected && !gaveUp) {
    broken.push(`ended ${view.state}, not ${expected}: ${view.error?.code ?? ''} ${view.error?.message ?? ''}`);
  }
  return { importId: view.id, state: view.state, stops, violations: broken };
}
