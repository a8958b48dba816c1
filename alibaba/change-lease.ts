/**
 * Calls that change the cloud are sent only while the step that makes them is known to be current. A worker that was frozen
 * (SIGSTOP, a suspended machine, a long garbage collection) may wake after another worker has continued or ended the import.
 * Between the statement that confirms the step and the request there are waits: call budget, credentials, connection. So the
 * lease is checked once more directly before the request is written to its socket. A signature does not prevent this: a
 * worker that wakes signs with the current time.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Agent, ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { fail } from '../domain/errors/index.js';
import type { Service } from './sdk-errors.js';

export interface ChangeLease {
  /** Resolves when the step is confirmed to be current, without a statement if that was confirmed just now. Else rejects. */
  hold(): Promise<void>;
  /** The last confirmation is recent enough. */
  isHeld(): boolean;
  /** Receives each change that the cloud has accepted. */
  readonly onChange?: (call: ChangeCall) => void;
}

/** A call that has changed the cloud. */
export interface ChangeCall {
  readonly service: Service | 'oss';
  readonly action: string;
  /** The cloud's ID of the request, by which its logs and its support find it. */
  readonly requestId: string;
}

declare module 'node:http' {
  interface Agent {
    /** Not in the types. Node.js calls it for every request before the request has a socket. */
    addRequest(request: ClientRequest, ...options: unknown[]): void;
  }
}

/** By the clock that can be set, and by the one that stops while the machine is suspended. */
interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/**
 * @param confirm a statement that rejects unless the step is current
 * @param leaseMs how long a confirmation counts
 */
export function createChangeLease(
  confirm: () => Promise<void>,
  leaseMs: number,
  now: () => Moment = () => ({ wallMs: Date.now(), monotonicMs: performance.now() }),
): ChangeLease & {
  /** Call it before a statement that confirms the step, and the returned function when the statement has succeeded. */
  readonly confirming: () => () => void;
} {
  let last: Moment | null = null;
  const isHeld = () => {
    if (last === null) return false;
    const { wallMs, monotonicMs } = now();
    // The age by a wall clock that was set back is unknown.
    return Math.abs(wallMs - last.wallMs) < leaseMs && monotonicMs - last.monotonicMs < leaseMs;
  };
  const confirming = () => {
    const at = now();
    return () => {
      if (last === null || at.monotonicMs > last.monotonicMs) last = at;
    };
  };
  return {
    isHeld,
    confirming,
    async hold() {
      if (isHeld()) return;
      const confirmed = confirming();
      await confirm();
      confirmed();
    },
  };
}

const leases = new AsyncLocalStorage<ChangeLease>();

/** Every call of `body` that changes the cloud is made under the lease. */
export function withChangeLease<Result>(lease: ChangeLease, body: () => Promise<Result>): Promise<Result> {
  return leases.run(lease, body);
}

/** The calls of `body` belong to no step. */
export function withoutChangeLease<Result>(body: () => Promise<Result>): Promise<Result> {
  return leases.exit(() => sendings.exit(body));
}

/** One attempt to send a request. */
interface Sending {
  readonly lease: ChangeLease;
  refused: boolean;
}

const sendings = new AsyncLocalStorage<Sending>();

const READS = /^(Describe|Get|List|Head)/;

/** Connecting took longer than the lease, several times in a row. */
const MAX_TRIES = 5;

/**
 * Makes a call of the vendor's action. A change is sent under the lease of the step; if the lease has expired before the
 * request is written, the step is confirmed again, and the call is repeated. Without a lease the call is only made.
 * @param send may be called several times; sends one request through a guarded agent
 */
export async function sendUnderLease<Result>(action: string, send: () => Promise<Result>): Promise<Result> {
  const lease = leases.getStore();
  if (lease === undefined || READS.test(action)) return await send();
  for (let tries = 1; ; tries++) {
    await lease.hold();
    const sending: Sending = { lease, refused: false };
    try {
      return await sendings.run(sending, send);
    } catch (error) {
      if (!sending.refused) throw error;
      if (tries >= MAX_TRIES) throw notSent(action);
    }
  }
}

/** An image has thousands of them; its upload is known by the calls that begin and complete it. */
const UNRECORDED = ['UploadPart'];

/** Reports a change that the cloud has accepted to the step that made it. */
export function reportChange(service: Service | 'oss', action: string, requestId: unknown): void {
  if (READS.test(action) || UNRECORDED.includes(action) || typeof requestId !== 'string' || requestId === '') return;
  leases.getStore()?.onChange?.({ service, action, requestId });
}

function notSent(action: string) {
  return fail('Call.NotSent', `${action} was not sent: connecting took longer than the lease of the step`, { action });
}

export interface RequestGuard {
  /** Confirms the step if the lease has expired. */
  hold(): Promise<void>;
  /** Destroys the request if the lease has expired. Call it directly before the first write. */
  check(): void;
}

const UNGUARDED: RequestGuard = { hold: async () => undefined, check: () => undefined };

/** Guards all requests of the agent. */
export function guarded<Guarded extends Agent>(agent: Guarded): Guarded {
  const { addRequest } = agent;
  agent.addRequest = (request, ...options) => {
    guardRequest(request);
    addRequest.call(agent, request, ...options);
  };
  return agent;
}

/**
 * Checks the lease when the request gets a connected socket, which is when Node.js writes what it has. A request whose first
 * bytes are written later also needs the returned guard.
 */
export function guardRequest(request: ClientRequest): RequestGuard {
  const sending = sendings.getStore();
  if (sending === undefined) return UNGUARDED;
  const { lease } = sending;
  const check = () => {
    if (lease.isHeld() || request.destroyed) return;
    sending.refused = true;
    request.destroy(notSent('the request'));
  };
  request.once('socket', (socket) => {
    check();
    // What is written to a socket that is still connecting is sent when it is connected, after this listener.
    if (socket.connecting) socket.once('connect', check);
    if (isSecuring(socket)) socket.once('secureConnect', check);
  });
  return { hold: () => lease.hold(), check };
}

function isSecuring(socket: Socket): boolean {
  return 'secureConnecting' in socket && socket.secureConnecting === true;
}
