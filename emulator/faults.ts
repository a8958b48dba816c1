/** Faults that a test injects: the n-th call of an action is lost, cut off, delayed or answered with an error. */
import { randomUUID } from 'node:crypto';

export const faultKinds = [
  'reset-before',
  'reset-after',
  'hang',
  'hang-after',
  'hold',
  'hold-after',
  'cut',
  'http',
  'slow',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/**
 * - `reset-before`: the connection is reset before the call is executed
 * - `reset-after`: the call is executed, the connection is reset before the response
 * - `hang`: the call is not executed and no response is sent; `hang-after`: the call is executed, no response is sent
 * - `hold`: the call is executed when the fault is removed; `hold-after`: the call is executed, the response is sent
 *   when the fault is removed
 * - `cut`: the call is executed, the connection closes in the middle of the response
 * - `http`: the call is not executed, the response is an error with `status`, `code` and `message`
 * - `slow`: the call is executed after `delayMs`
 */
export interface Fault {
  readonly id: string;
  /** `ecs`, `ram`, `sts`, `oss` or `*`. */
  readonly service: string;
  /** The name of an action (`ImportImage`, `UploadPart` …) or `*`. */
  readonly action: string;
  /** Text that one of the call's parameters must contain, or the required value of each named parameter (`*`: any). */
  readonly match: string | Readonly<Record<string, string>> | null;
  /** The ID of the account that calls; null: any. */
  readonly account: string | null;
  /** The number of matching calls that pass before the fault applies. */
  readonly after: number;
  /** The number of calls that the fault applies to; -1: no limit. */
  readonly times: number;
  readonly kind: FaultKind;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly delayMs: number;
  /** For an upload: the bytes of the body that are read before `reset-before` or `hang` takes effect. */
  readonly afterBytes: number;
  readonly seen: number;
  readonly hits: number;
}

export interface CallFacts {
  readonly service: string;
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly accountId: string;
}

export class Faults {
  private faults: Fault[] = [];
  /** Resolvers of the waiting calls, by the id of the fault that they wait for. */
  private readonly waiting = new Map<string, (() => void)[]>();

  list(): readonly Fault[] {
    return this.faults;
  }

  clear(): void {
    this.faults = [];
    for (const id of [...this.waiting.keys()]) this.release(id);
  }

  /** Removes one fault. Does nothing if there is no such fault. */
  remove(id: string): void {
    this.faults = this.faults.filter((fault) => fault.id !== id);
    this.release(id);
  }

  /** Resolves when the fault is removed. */
  untilRemoved({ id }: Fault): Promise<void> {
    if (!this.faults.some((fault) => fault.id === id)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.set(id, [...(this.waiting.get(id) ?? []), resolve]));
  }

  private release(id: string): void {
    for (const resolve of this.waiting.get(id) ?? []) resolve();
    this.waiting.delete(id);
  }

  /** Throws an error of one line that names the invalid field. */
  add(description: unknown): Fault {
    const fault = parseFault(description);
    this.faults.push(fault);
    return fault;
  }

  /** Returns the fault that applies to this call, if any, and counts the call for every matching fault. */
  take(call: CallFacts): Fault | undefined {
    let hit: Fault | undefined;
    if (this.faults.length === 0) return hit;
    this.faults = this.faults.map((fault) => {
      if (!matches(fault, call)) return fault;
      const seen = fault.seen + 1;
      const applies = hit === undefined && seen > fault.after && (fault.times < 0 || fault.hits < fault.times);
      const next = { ...fault, seen, hits: fault.hits + (applies ? 1 : 0) };
      if (applies) hit = next;
      return next;
    });
    return hit;
  }
}

function matches(fault: Fault, call: CallFacts): boolean {
  if (fault.service !== '*' && fault.service !== call.service) return false;
  if (fault.action !== '*' && fault.action !== call.action) return false;
  if (fault.account !== null && fault.account !== call.accountId) return false;
  if (fault.match === null) return true;
  if (typeof fault.match === 'string') {
    const text = fault.match;
    return Object.values(call.params).some((value) => value.includes(text));
  }
  return Object.entries(fault.match).every(([name, value]) => {
    const given = call.params[name];
    return value === '*' ? given !== undefined : given === value;
  });
}

export const faultFields = 'service action match account after times kind status code message delayMs afterBytes'.split(
  ' ',
);

function parseFault(description: unknown): Fault {
  if (typeof description !== 'object' || description === null) throw new Error('a fault must be a JSON object');
  const given = new Map<string, unknown>(Object.entries(description));
  const unknown = [...given.keys()].find((name) => !faultFields.includes(name));
  if (unknown !== undefined)
    throw new Error(`unknown field "${unknown}" of a fault; the fields are ${faultFields.join(', ')}`);
  const kind = faultKinds.find((known) => known === given.get('kind'));
  if (kind === undefined) throw new Error(`the kind of a fault must be one of ${faultKinds.join(', ')}`);
  const text = (name: string, fallback: string): string => {
    const value = given.get(name) ?? fallback;
    if (typeof value !== 'string') throw new Error(`${name} of a fault must be a string`);
    return value;
  };
  const number = (name: string, fallback: number): number => {
    const value = given.get(name) ?? fallback;
    if (typeof value !== 'number') throw new Error(`${name} of a fault must be a number`);
    return value;
  };
  return {
    id: randomUUID(),
    service: text('service', '*').toLowerCase(),
    action: text('action', '*'),
    match: parseMatch(given.get('match')),
    account: given.get('account') === undefined ? null : text('account', ''),
    after: number('after', 0),
    times: number('times', 1),
    kind,
    status: number('status', 500),
    code: text('code', 'InternalError'),
    message: text('message', 'The request processing has failed due to some unknown error.'),
    delayMs: number('delayMs', 1000),
    afterBytes: number('afterBytes', 0),
    seen: 0,
    hits: 0,
  };
}

function parseMatch(match: unknown): Fault['match'] {
  if (match === undefined || match === null) return null;
  if (typeof match === 'string') return match;
  if (typeof match !== 'object') throw new Error('match of a fault must be a string or an object of parameters');
  return Object.fromEntries(Object.entries(match).map(([name, value]) => [name, String(value)]));
}
