/** One import through one fault, from the request to the verdict, doing what a person would do on the way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ImportView, isFinal } from '../../domain/import.js';
import type { Service } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';
import { type FaultCase, faultOf } from './cases.js';
import { violations } from './judge.js';
import { type Lane, matchOf } from './lanes.js';
import { FAILING, SCENARIOS, type ScenarioName } from './scenarios.js';

export interface Verdict {
  readonly name: string;
  readonly importId: string | null;
  readonly state: string;
  /** Codes of the stops for a person, in order. */
  readonly stops: readonly string[];
  /** Calls that the fault has hit. */
  readonly hits: number;
  readonly seconds: number;
  readonly violations: readonly string[];
}

/** Longer than any case may take, the slowest machine included. */
const ENDS_WITHIN_MS = 600_000;
const LOOK_EVERY_MS = 100;

let roles = 0;

export function requestOf(scenario: ScenarioName, lane: Lane, source: string): Record<string, unknown> {
  roles += 1;
  const { copies, ends, object } = SCENARIOS[scenario];
  const imageName = `${ends === 'failed' ? FAILING : 'matrix'}-${process.pid}-${roles}`;
  return {
    region: lane.region,
    imageName,
    roleName: `matrix-${process.pid}-${roles}`,
    disks: [
      { source: object ? `oss://${lane.bucket}/${givenKey(imageName)}` : source, format: 'RAW', diskImageSize: 5 },
    ],
    upload: { bucket: lane.bucket, prefix: 'matrix/' },
    osType: 'linux',
    inspection: { failOn: 'never' },
    detection: { failOn: 'never' },
    ...(copies ? { distribute: { regions: [lane.copyRegion], shareWith: ['1000000000000002'] } } : {}),
  };
}

export async function runCase(service: Service, one: FaultCase, lane: Lane, source: string): Promise<Verdict> {
  const began = Date.now();
  const request = requestOf(one.scenario, lane, source);
  const faultId = await service.fault(faultOf(one, matchOf(one, lane, String(request.roleName))));
  const turnIds = await prepare(service, one.scenario, lane, request);
  try {
    const id = await service.start(request);
    let hits = 0;
    const count = async () => {
      hits = (await service.hits()).get(faultId) ?? hits;
    };
    const mend = async () => {
      await count();
      await service.endFault(faultId);
    };
    const { view, stops } = await follow(service, id, { ...one, turnIds }, mend);
    await count();
    const verdict = await judge(service, view, one.scenario, stops, one.times === 'ever');
    return { name: one.name, ...verdict, hits, seconds: (Date.now() - began) / 1_000 };
  } finally {
    for (const planted of [faultId, ...turnIds]) await service.endFault(planted);
  }
}

/**
 * What has to be there before the import starts: its object, where it is not to upload one, and what makes its life take
 * its turn.
 * @returns the ids of the latter
 */
export async function prepare(
  service: Service,
  scenario: ScenarioName,
  lane: Lane,
  request: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const { object, turns } = SCENARIOS[scenario];
  // Different from all others: what has been looked at before is not read again.
  if (object) {
    const imageName = String(request.imageName);
    await service.put(
      lane.bucket,
      givenKey(imageName),
      Buffer.concat([raw(), Buffer.alloc(512, imageName)]),
      lane.region,
    );
  }
  const faults = turns?.(lane, String(request.roleName)) ?? [];
  return Promise.all(faults.map((fault) => service.fault(fault)));
}

function givenKey(imageName: string): string {
  return `given/${imageName}.raw`;
}

/** Cancels where the scenario says so; at each stop mends and resumes, or gives up where the fault lasts. */
export async function follow(
  service: Service,
  id: string,
  one: {
    readonly scenario: ScenarioName;
    readonly times: FaultCase['times'];
    readonly turnIds: readonly string[];
  },
  mend: () => Promise<void>,
): Promise<{ readonly view: ImportView; readonly stops: readonly string[] }> {
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
  let [seen, dealtWith]: [string | null, string | null] = [null, null];
  /** Whoever meets a server that is away tries again. */
  const tell = async (what: 'cancel' | 'resume'): Promise<boolean> => {
    const told = service.request('POST', `/v1/imports/${id}/${what}`, {});
    const status = await told.then((answer) => answer.status).catch(() => 0);
    return status === 202 || status === 409;
  };
  for (const end = Date.now() + ENDS_WITHIN_MS; ; await sleep(LOOK_EVERY_MS)) {
    const view = await service.get(id).catch(() => null);
    if (view === null) continue;
    if (isFinal(view.state) || Date.now() > end) return { view, stops };
    if (!cancelled && (await isTime(view))) cancelled = await tell('cancel');
    const since = view.attention?.since ?? null;
    if (view.attention === null || since === dealtWith) continue;
    if (since !== seen) stops.push(view.attention.code);
    seen = since;
    if (one.times === 'ever' && !cancelled) {
      cancelled = await tell('cancel');
      if (cancelled) dealtWith = since;
    } else {
      if (one.times === 'ever') await mend();
      if (await tell('resume')) dealtWith = since;
    }
  }
}

/** @param mayGiveUp a fault that lasted may have made the person cancel */
export async function judge(
  service: Service,
  view: ImportView,
  scenario: ScenarioName,
  stops: readonly string[],
  mayGiveUp: boolean,
): Promise<Pick<Verdict, 'importId' | 'state' | 'stops' | 'violations'>> {
  const { events } = (
    await service.request('GET', `/v1/imports/${view.id}/report`, undefined, { accept: 'application/json' })
  ).body;
  const broken = [...violations({ view, cloud: await service.state(), events, stops: stops.length })];
  const expected = SCENARIOS[scenario].ends;
  const gaveUp = mayGiveUp && stops.length > 0 && view.state === 'cancelled';
  if (view.state !== expected && !gaveUp) {
    broken.push(`ended ${view.state}, not ${expected}: ${view.error?.code ?? ''} ${view.error?.message ?? ''}`);
  }
  return { importId: view.id, state: view.state, stops, violations: broken };
}
