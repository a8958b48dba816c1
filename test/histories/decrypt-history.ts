/** Replay runs without keys, so a history is kept with the content of its encrypted payloads. */
import type { Payload } from '@temporalio/common';
import { payloadKeysFile } from '../../local/supervisor/payload-keys-file.js';
import { openKeyring } from '../../temporal/keyring.js';
import { decodeForReader } from '../../temporal/payload-codec.js';
import type { History } from './stored-history.js';

/** Changes the history in place. */
export async function decrypterOf(dataDir: string): Promise<(history: History) => Promise<History>> {
  const keyring = await openKeyring({ kind: 'file', name: 'payload-keys', file: payloadKeysFile(dataDir) });
  return async (history) => {
    await Promise.all(
      payloadsIn(history).map(async (payload) => Object.assign(payload, await decodeForReader(keyring, payload))),
    );
    return history;
  };
}

function payloadsIn(value: unknown): readonly Payload[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if (isPayload(value)) return [value];
  return Object.values(value).flatMap(payloadsIn);
}

function isPayload(value: object): value is Payload {
  return 'metadata' in value && 'data' in value && value.data instanceof Uint8Array;
}
