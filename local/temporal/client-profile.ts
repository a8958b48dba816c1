/** The profile with which Temporal's own command, and other clients of this user, reach the embedded server. */
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AUTHORITY, CLIENT, SERVER_NAME } from './certificates.js';

/** In the folder of the server. */
const PROFILE_FILE = 'client.toml';

/** Temporal's standard variables for a client of the proxy. */
export function clientVariables(folder: string, address: string, namespace: string): Readonly<Record<string, string>> {
  return {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: path.join(folder, AUTHORITY),
    TEMPORAL_TLS_CLIENT_CERT_PATH: path.join(folder, CLIENT.cert),
    TEMPORAL_TLS_CLIENT_KEY_PATH: path.join(folder, CLIENT.key),
    // TLS libraries warn of a server name that is an IP address.
    TEMPORAL_TLS_SERVER_NAME: SERVER_NAME,
  };
}

/** The same as a file for `temporal --config-file`. */
export async function writeClientProfile(folder: string, address: string, namespace: string): Promise<void> {
  // A TOML basic string has the escapes of JSON.
  const text = (value: string) => JSON.stringify(value);
  const lines = [
    '# Written by `up` at each start.',
    '[profile.default]',
    `address = ${text(address)}`,
    `namespace = ${text(namespace)}`,
    '[profile.default.tls]',
    `server_ca_cert_path = ${text(path.join(folder, AUTHORITY))}`,
    `client_cert_path = ${text(path.join(folder, CLIENT.cert))}`,
    `client_key_path = ${text(path.join(folder, CLIENT.key))}`,
    `server_name = ${text(SERVER_NAME)}`,
  ];
  const file = path.join(folder, PROFILE_FILE);
  await writeFile(`${file}.draft`, `${lines.join('\n')}\n`, { mode: 0o600 });
  await rename(`${file}.draft`, file);
}
