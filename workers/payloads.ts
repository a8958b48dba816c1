/** What a worker needs so that it only runs what this service started. */
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { WorkerSettings } from '../config/worker.js';
import { fail } from '../domain/errors/index.js';
import { importIdOfWorkflow } from '../domain/ids.js';
import { PAYLOAD_KEY_MISSING, type PayloadKeyStore } from '../store/payload-keys.js';
import type { Keyring } from '../temporal/keyring.js';
import type { PayloadKeyMissing } from '../temporal/payload-codec.js';
import { keepKeysFresh, openPayloads, sealCalls, workerDataConverter } from '../temporal/payloads.js';
import { refuseForeignActivities } from './payload-interceptor.js';

export interface WorkerPayloads {
  readonly dataConverter: DataConverter;
  readonly activityInterceptor: ActivityInterceptorsFactory;
  /** Of the client of activities. */
  readonly clientInterceptors: readonly WorkflowClientInterceptor[];
  /** Decrypts queries of web sources. */
  readonly keyring: Keyring;
  readonly stop: () => void;
}

/** Null: payloads are not encrypted. Throws `ConfigError`. */
export async function openWorkerPayloads(
  { payloadKeys, host }: Pick<WorkerSettings, 'payloadKeys' | 'host'>,
  store: PayloadKeyStore,
  onProblem: (problem: string) => void = () => undefined,
): Promise<WorkerPayloads | null> {
  const payloads = await openPayloads(payloadKeys, store, onProblem);
  if (payloads === null) return null;
  const endStops = () => store.endKeyStops(payloads.keyring.ids()).then(() => undefined, noDatabase);
  await endStops();
  const reported = new Set<string>();
  const report = (missing: PayloadKeyMissing) => {
    if (!reported.has(missing.keyId)) onProblem(missing.message);
    reported.add(missing.keyId);
    const importId = missing.workflowId === null ? null : importIdOfWorkflow(missing.workflowId);
    if (importId === null) return;
    const { code, message, remedy } = fail(
      PAYLOAD_KEY_MISSING,
      `the worker of host ${host} has no payload key ${missing.keyId}, with which import ${importId} is encrypted`,
    ).failure;
    const since = new Date().toISOString();
    void store.stopForKey(importId, missing.keyId, { code, message, remedy, since }).catch(noDatabase);
  };
  return {
    dataConverter: workerDataConverter(payloads, report),
    activityInterceptor: refuseForeignActivities(payloads.mayBePlain),
    clientInterceptors: [sealCalls],
    keyring: payloads.keyring,
    stop: keepKeysFresh(payloads, endStops),
  };
}

/** The next task that needs the key, or the next reading of the keys, tries it again. */
function noDatabase(): void {}
