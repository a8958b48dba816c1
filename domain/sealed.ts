/**
 * The form of calls whose payloads are encrypted. All arguments of a call are one value that names what they are for, so that
 * the encrypted arguments of one call cannot be used for another one.
 *
 * The payload codec (temporal/payload-codec.ts) authenticates the value and binds it to the workflow or activity. Interceptors
 * of clients, workflows and activities compare the name. The first field is `sealed`: the codec finds these values by it.
 */

/** What the arguments or the result are for, with the name of the workflow, signal, query, update or activity. */
export interface SealedFor {
  readonly kind: 'start' | 'signal' | 'query' | 'update' | 'activity' | 'result';
  readonly name: string;
}

export interface SealedCall extends SealedFor {
  readonly sealed: 1;
  /** Of a `result`: the value; empty if there is none. */
  readonly args: readonly unknown[];
  /** Of an activity: chosen by the workflow for this call. Of a result: that of the call. */
  readonly call?: string;
  /** Of a start: the workflow must have started before. Absent: no limit. Unix time, ms. */
  readonly startBefore?: number;
}

/** The codec accepted this value although it is not encrypted: the workflow was started before payloads were encrypted. */
export interface PlainValue {
  readonly sealed: 'plain';
  readonly value: unknown;
}

/** The codec did not accept the payload. Only the codec makes this value. */
export interface RefusedValue {
  readonly sealed: 'refused';
  readonly reason: string;
}

/** How each value of `SealedCall` begins as JSON. */
export const SEALED_PREFIX = '{"sealed":1,';

export function seal(
  { kind, name }: SealedFor,
  args: readonly unknown[],
  more: Pick<SealedCall, 'call' | 'startBefore'> = {},
): SealedCall {
  return { sealed: 1, kind, name, args: withoutAbsent(args), ...more };
}

/** JSON has no `undefined`: an absent last argument must not become null, which selects no default. */
function withoutAbsent(args: readonly unknown[]): readonly unknown[] {
  return args.slice(0, args.findLastIndex((value) => value !== undefined) + 1);
}

export function sealResult({ name, call }: SealedCall, value: unknown): SealedCall {
  return seal({ kind: 'result', name }, [value], call === undefined ? {} : { call });
}

/** The arguments of a call as interceptors receive them. */
export type Opened =
  | { readonly kind: 'sealed'; readonly args: readonly unknown[]; readonly call: SealedCall }
  /** Accepted without encryption. `encrypts`: a codec has accepted it; else this process has no codec. */
  | { readonly kind: 'plain'; readonly args: readonly unknown[]; readonly encrypts: boolean }
  | { readonly kind: 'refused'; readonly reason: string };

/** @param args as decoded; a sealed call is the only element */
export function open(expected: SealedFor, args: readonly unknown[]): Opened {
  const refusal = args.find(isRefused);
  if (refusal !== undefined) return { kind: 'refused', reason: refusal.reason };
  const [first] = args;
  if (isSealed(first)) {
    if (first.kind !== expected.kind || first.name !== expected.name || args.length !== 1) {
      return { kind: 'refused', reason: `the payload was written for ${first.kind} ${first.name}` };
    }
    return { kind: 'sealed', args: first.args, call: first };
  }
  return {
    kind: 'plain',
    args: args.map((value) => (isPlain(value) ? value.value : value)),
    encrypts: args.some(isPlain),
  };
}

export function isSealed(value: unknown): value is SealedCall {
  return sealOf(value) === 1;
}

export function isRefused(value: unknown): value is RefusedValue {
  return sealOf(value) === 'refused';
}

function isPlain(value: unknown): value is PlainValue {
  return sealOf(value) === 'plain';
}

function sealOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'sealed' in value ? value.sealed : null;
}

/** Type of the failure of a workflow or activity that this service did not start. */
export const NOT_STARTED_HERE = 'not started by this service';

/** @param what e.g. `workflow importImage` */
export function refusalMessage(what: string, reason: string): string {
  return `${what} was not started by ecs-image-import, so it does not run: ${reason}`;
}
