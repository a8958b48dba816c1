/** What clients and workers need so that payloads are encrypted, and only accepted if this service wrote them. */
import type { ClientOptions, WorkflowClientInterceptor } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { ConfigError } from '../config/environment.js';
import type { PayloadKeySource } from '../config/payload-keys.js';
import { INSPECTION_WORKFLOW, ORPHANS_WORKFLOW } from '../domain/process-names.js';
import { seal } from '../domain/sealed.js';
import { failureConverterPath } from './failure-converter.js';
import { type Keyring, openKeyring, type PayloadKey } from './keyring.js';
import { createPayloadCodec, type PayloadKeyMissing } from './payload-codec.js';

/** What the database knows of the keys, never the keys themselves. */
export interface PayloadKeyRecords {
  /** Records that the key encrypts now. `otherKey`: another key had this ID. */
  register(key: Pick<PayloadKey, 'id' | 'fingerprint'>): Promise<'registered' | 'otherKey'>;
  /** The IDs of keys that payloads of running workflows may use. */
  neededKeys(): Promise<readonly string[]>;
  /** Whether the workflow is of an import or batch that is older than the encryption of payloads. */
  mayBePlain(workflowId: string): Promise<boolean>;
}

export interface Payloads {
  readonly keyring: Keyring;
  readonly mayBePlain: (workflowId: string) => Promise<boolean>;
  readonly isNeeded: (keyId: string) => Promise<boolean>;
}

/**
 * Null: no keys are configured, and no running workflow needs one. Throws `ConfigError` if the keys are invalid, if the database
 * knows another key by the same ID, or if keys are needed and none is configured.
 */
export async function openPayloads(
  source: PayloadKeySource | null,
  records: PayloadKeyRecords,
  onProblem: (problem: string) => void,
): Promise<Payloads | null> {
  const needed = await records.neededKeys();
  if (source === null) {
    if (needed.length === 0) return null;
    throw new ConfigError(
      `ECS_IMPORT_PAYLOAD_KEYS: payloads in Temporal are encrypted with key ${needed.join(', ')}: set the same keys as in the other processes (docs/temporal.md)`,
    );
  }
  const keyring = await openKeyring(source, onProblem);
  await keyring.announceTo(async (key) => {
    if ((await records.register(key)) === 'registered') return;
    throw new ConfigError(
      `${source.name}: the database knows another key under the ID ${key.id}: restore that key, or give the new one another ID`,
    );
  });
  const missing = needed.filter((id) => !keyring.ids().includes(id));
  if (missing.length > 0) {
    onProblem(
      `${source.name}: key ${missing.join(', ')} is missing: imports that were encrypted with it wait until you add it`,
    );
  }
  return {
    keyring,
    mayBePlain: (workflowId) => records.mayBePlain(workflowId),
    isNeeded: async (keyId) => (await records.neededKeys()).includes(keyId),
  };
}

/** Reads the keys again and again, so that a new current key is used without a restart. Returns a function that stops it. */
export function keepKeysFresh(
  { keyring }: Payloads,
  afterEach: () => Promise<void> = async () => undefined,
): () => void {
  let running = false;
  const timer = setInterval(() => {
    if (running) return;
    running = true;
    void keyring
      .refresh()
      .then(afterEach)
      .finally(() => {
        running = false;
      });
  }, REFRESH_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

const REFRESH_EVERY_MS = 10_000;

/**
 * For a `Client`.
 * @param payloads null: they are not encrypted
 * @param outer interceptors that see the calls before they are sealed
 */
export function clientPayloadOptions(
  payloads: Payloads | null,
  outer: readonly WorkflowClientInterceptor[] = [],
): Pick<ClientOptions, 'dataConverter' | 'interceptors'> {
  if (payloads === null) return outer.length === 0 ? {} : { interceptors: { workflow: [...outer] } };
  return {
    dataConverter: { failureConverterPath, payloadCodecs: [createPayloadCodec({ ...payloads, onRefused: 'throw' })] },
    interceptors: { workflow: [...outer, sealCalls] },
  };
}

/** For a `Worker`. */
export function workerDataConverter(
  payloads: Payloads,
  onMissing: (missing: PayloadKeyMissing) => void,
): DataConverter {
  return {
    failureConverterPath,
    payloadCodecs: [createPayloadCodec({ ...payloads, onMissing, onRefused: 'mark' })],
  };
}

/** These act on what they find at that time, so that a copy of their start must not be usable later. */
const STARTS_SOON: readonly string[] = [INSPECTION_WORKFLOW, ORPHANS_WORKFLOW];
/** Includes the difference between the clocks of this process and of Temporal. */
const STARTS_WITHIN_MS = 10 * 60_000;

export const sealCalls: WorkflowClientInterceptor = {
  startWithDetails: (input, next) =>
    next({ ...input, options: { ...input.options, args: startOf(input.workflowType, input.options.args) } }),
  signal: (input, next) => next({ ...input, args: [seal({ kind: 'signal', name: input.signalName }, input.args)] }),
  signalWithStart: (input, next) =>
    next({
      ...input,
      options: { ...input.options, args: startOf(input.workflowType, input.options.args) },
      signalArgs: [seal({ kind: 'signal', name: input.signalName }, input.signalArgs)],
    }),
  query: (input, next) => next({ ...input, args: [seal({ kind: 'query', name: input.queryType }, input.args)] }),
  startUpdate: (input, next) =>
    next({ ...input, args: [seal({ kind: 'update', name: input.updateName }, input.args)] }),
  startUpdateWithStart: (input, next) =>
    next({
      ...input,
      workflowStartOptions: {
        ...input.workflowStartOptions,
        args: startOf(input.workflowType, input.workflowStartOptions.args),
      },
      updateArgs: [seal({ kind: 'update', name: input.updateName }, input.updateArgs)],
    }),
};

function startOf(name: string, args: readonly unknown[]): unknown[] {
  const startBefore = Date.now() + STARTS_WITHIN_MS;
  return [seal({ kind: 'start', name }, args, STARTS_SOON.includes(name) ? { startBefore } : {})];
}
