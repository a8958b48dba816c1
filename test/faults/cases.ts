/** The fault matrix: every call of an import with every kind of fault, once, five times and permanently. */
import type { Fault } from '../support/e2e/service.js';
import { CALLS, type Call } from './scenarios.js';

export const KINDS = [
  'reset-before',
  'reset-after',
  'hang',
  '5xx',
  'throttled',
  'cut',
  'expired',
  'withdrawn',
] as const;
export type Kind = (typeof KINDS)[number];

export const TIMES = ['once', 'five', 'ever'] as const;
export type Times = (typeof TIMES)[number];

export interface FaultCase extends Call {
  readonly name: string;
  readonly kind: Kind;
  readonly times: Times;
}

export function allCases(): readonly FaultCase[] {
  return CALLS.flatMap((call) =>
    KINDS.flatMap((kind) =>
      TIMES.map((times) => ({ ...call, kind, times, name: `${call.scenario} ${labelOf(call)} ${kind} ${times}` })),
    ),
  );
}

export function labelOf({ service, action, by, atCopy, after }: Call): string {
  const which = by === undefined ? '' : ` by ${by.value === '*' ? by.param : `${by.param}=${by.value}`}`;
  return `${service}.${action}${which}${atCopy ? ' at the copy' : ''}${after === undefined ? '' : ` after ${after}`}`;
}

/** Calls of the test setup and of the daily orphan sweep. */
const NOT_OF_IMPORTS = ['oss.PutObject', 'oss.PutBucket', 'oss.ListObjectsV2', 'ecs.ListTagResources'];

/** The calls that no case covers. */
export function uncovered(calls: readonly string[]): readonly string[] {
  const covered = new Set([...NOT_OF_IMPORTS, ...CALLS.map(({ service, action }) => `${service}.${action}`)]);
  return calls.filter((call) => !covered.has(call));
}

/** The error responses of each service. */
const ANSWERS = {
  '5xx': {
    rpc: { status: 503, code: 'ServiceUnavailable' },
    ram: { status: 500, code: 'InternalError' },
    oss: { status: 500, code: 'InternalError' },
  },
  throttled: {
    rpc: { status: 400, code: 'Throttling.User' },
    ram: { status: 400, code: 'Throttling.User' },
    oss: { status: 503, code: 'QpsLimitExceeded' },
  },
  expired: {
    rpc: { status: 400, code: 'InvalidSecurityToken.Expired' },
    ram: { status: 400, code: 'InvalidSecurityToken.Expired' },
    oss: { status: 403, code: 'SecurityTokenExpired' },
  },
  withdrawn: {
    rpc: { status: 403, code: 'Forbidden.RAM' },
    ram: { status: 403, code: 'NoPermission' },
    oss: { status: 403, code: 'AccessDenied' },
  },
} as const;

const COUNT: Readonly<Record<Times, number>> = { once: 1, five: 5, ever: -1 };

/** @param match the parameters that identify the calls of this import */
export function faultOf(one: FaultCase, match: Readonly<Record<string, string>>): Fault {
  const { service, action, kind } = one;
  const target = { service, action, match, times: COUNT[one.times], after: one.after ?? 0 };
  if (kind === '5xx' || kind === 'throttled' || kind === 'expired' || kind === 'withdrawn') {
    const dialect = service === 'oss' || service === 'ram' ? service : 'rpc';
    return { ...target, kind: 'http', ...ANSWERS[kind][dialect] };
  }
  return { ...target, kind };
}
