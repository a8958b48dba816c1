/** Faults that a test plants: the n-th call of an action is lost, cut, delayed or refused. */
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
 * - `reset-before`: the connection breaks, nothing is done
 * - `reset-after`: the work is done, the connection breaks before the answer
 * - `hang`: nothing is done, no answer ever comes; `hang-after`: the work is done, no answer ever comes
 * - `hold`: the work starts when the fault is taken back; `hold-after`: the work is done, the answer comes then
 * - `cut`: the work is done, the connection breaks in the middle of the answer
 * - `http`: nothing is done, the answer is an error with `status`, `code`, `message`
 * - `slow`: the work starts `delayMs` late
 */
export interface Fault {
  readonly id: string;
  /** `ecs`, `ram`, `sts`, `oss` or `*`. */
  readonly service: string;
  /** An action's name (`ImportImage`, `UploadPart` …) or `*`. */
  readonly action: string;
  /** Text that the call's parameters must hold, or parameters by name with the value each must have; `*`: any value. */
  readonly match: string | Readonly<Record<string, string>> | null;
  /** So many fitting calls pass first. */
  readonly after: number;
  /** So many calls are hit; -1: all. */
  readonly times: number;
  readonly kind: FaultKind;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly delayMs: number;
  /** Of an upload: so many bytes of the body are taken in before `reset-before` or `hang` strikes. */
  readonly afterBytes: number;
  readonly seen: number;
  readonly hits: number;
}

export interface CallFacts {
  readonly service: string;
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
}

export class Faults {
  private faults: Fault[] = [];
  /** Calls that are held, by the fault that holds them. */
  private readonly held = new Map<string, (() => void)[]>();

  list(): readonly Fault[] {
    return this.faults;
  }

  clear(): void {
    this.faults = [];
    for (const id of [...this.held.keys()]) this.release(id);
  }

  /** Takes one fault back; no such fault: nothing to do. */
  remove(id: string): void {
    this.faults = this.faults.filter((fault) => fault.id !== id);
    this.release(id);
  }

  /** Resolves when the fault is taken back. */
  untilTakenBack({ id }: Fault): Promise<void> {
    if (!this.faults.some((fault) => fault.id === id)) return Promise.resolve();
    return new Promise((resolve) => this.held.set(id, [...(this.held.get(id) ?? []), resolve]));
  }

  private release(id: string): void {
    for (const goOn of this.held.get(id) ?? []) goOn();
    this.held.delete(id);
  }

  /** Throws one line that says what is wrong with the description. */
  add(description: unknown): Fault {
    const fault = parseFault(description);
    this.faults.push(fault);
    return fault;
  }

  /** The fault that hits this call, if one does. */
  take(call: CallFacts): Fault | undefined {
    let hit: Fault | undefined;
    if (this.faults.length === 0) return hit;
    this.faults = this.faults.map((fault) => {
      if (!fits(fault, call)) return fault;
      const seen = fault.seen + 1;
      const strikes = hit === undefined && seen > fault.after && (fault.times < 0 || fault.hits < fault.times);
      const next = { ...fault, seen, hits: fault.hits + (strikes ? 1 : 0) };
      if (strikes) hit = next;
      return next;
    });
    return hit;
  }
}

function fits(fault: Fault, call: CallFacts): boolean {
  if (fault.service !== '*' && fault.service !== call.service) return false;
  if (fault.action !== '*' && fault.action !== call.action) return false;
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

export const faultFields = 'service action match after times kind status code message delayMs afterBytes'.split(' ');

function parseFault(description: unknown): Fault {
  if (typeof description !== 'object' || description === null) throw new Error('a fault must be a JSON object');
  const given = new Map<string, unknown>(Object.entries(description));
  const unknown = [...given.keys()].find((name) => !faultFields.includes(name));
  if (unknown !== undefined) throw new Error(`a fault has no "${unknown}"; it may have ${faultFields.join(', ')}`);
  const kind = faultKinds.find((known) => known === given.get('kind'));
  if (kind === undefined) throw new Error(`a fault's kind must be one of ${faultKinds.join(', ')}`);
  const text = (name: string, otherwise: string): string => {
    const value = given.get(name) ?? otherwise;
    if (typeof value !== 'string') throw new Error(`a fault's ${name} must be text`);
    return value;
  };
  const number = (name: string, otherwise: number): number => {
    const value = given.get(name) ?? otherwise;
    if (typeof value !== 'number') throw new Error(`a fault's ${name} must be a number`);
    return value;
  };
  return {
    id: randomUUID(),
    service: text('service', '*').toLowerCase(),
    action: text('action', '*'),
    match: parseMatch(given.get('match')),
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
  if (typeof match !== 'object') throw new Error("a fault's match must be text or an object of parameters");
  return Object.fromEntries(Object.entries(match).map(([name, value]) => [name, String(value)]));
}
