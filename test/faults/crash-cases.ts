/** Crashes instead of faults: of the worker around every call of every activity, and of each server while imports run. */
import { labelOf } from './cases.js';
import { CALLS, type Call } from './scenarios.js';

export interface CrashCase extends Call {
  readonly name: string;
  /** `before`: the call was sent and has no effect; `after`: the call took effect and its response is lost. */
  readonly moment: 'before' | 'after';
}

export const CRASHES: readonly CrashCase[] = CALLS.flatMap((call) =>
  (['before', 'after'] as const).map((moment) => ({
    ...call,
    moment,
    name: `${call.scenario} ${labelOf(call)} worker killed ${moment}`,
  })),
);

export const OUTAGES = [
  { name: 'worker killed repeatedly', kind: 'worker-storm' },
  { name: 'temporal killed', kind: 'kill', part: 'temporal' },
  { name: 'postgres killed', kind: 'kill', part: 'postgres' },
  { name: 'postgres stopped for a while', kind: 'freeze', part: 'postgres' },
  { name: 'temporal stopped for a while', kind: 'freeze', part: 'temporal' },
  { name: 'emulated cloud unavailable for a moment', kind: 'kill', part: 'emulator' },
  { name: 'api killed while it takes requests', kind: 'api-requests' },
  { name: 'disk full for a while', kind: 'disk-full' },
] as const;
export type Outage = (typeof OUTAGES)[number];
