/** Options for a client that has the payload keys of a stack, as the service itself does. */
import { payloadKeysFile } from '../../../local/supervisor/payload-keys-file.js';
import { openKeyring } from '../../../temporal/keyring.js';
import { clientPayloadOptions } from '../../../temporal/payloads.js';

export async function payloadOptionsOf(dataDir: string) {
  const keyring = await openKeyring({ kind: 'file', name: 'payload-keys', file: payloadKeysFile(dataDir) });
  return clientPayloadOptions({ keyring, mayBePlain: async () => false, isNeeded: async () => true });
}
