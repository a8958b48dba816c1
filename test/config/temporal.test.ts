/** The settings of the connection to Temporal, and the error for each wrong one: one line with its name and the remedy. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError } from '../../config/environment.js';
import { connectionOptions, temporalSettings, workerConnectionOptions } from '../../config/temporal.js';
import { readTemporalSettings } from '../../config/temporal-environment.js';
import { namesTemporal, withoutTemporalVariables } from '../../config/temporal-variables.js';
import { type Certificates, makeCertificates, openssl } from '../support/temporal/certificates.js';

let files: Certificates;
const read = (file: string) => readFileSync(file, 'utf8');

beforeAll(() => {
  files = makeCertificates();
});
afterAll(() => files.remove());

test('no settings → the default address without TLS and key', () => {
  expect(connectionOptions(readTemporalSettings({}))).toEqual({ address: '127.0.0.1:7233', tls: false });
  expect(readTemporalSettings({ TEMPORAL_TLS: '', TEMPORAL_API_KEY: '' })).toMatchObject({ tls: null, apiKey: null });
});

test.each(['127.0.0.1', 'localhost:7233', '[::1]:7233'])('a worker of the server %s → no compression', (address) => {
  const settings = readTemporalSettings({ TEMPORAL_ADDRESS: address });
  expect(workerConnectionOptions(settings)).toEqual({
    ...connectionOptions(settings),
    grpcCompression: { codec: 'none' },
  });
});

test.each(['temporal.example', 'namespace.tmprl.cloud:7233', '10.0.0.7:7233'])(
  'a worker of the server %s → compression as the SDK sets it',
  (address) => {
    const settings = readTemporalSettings({ TEMPORAL_ADDRESS: address });
    expect(workerConnectionOptions(settings)).toEqual(connectionOptions(settings));
  },
);

test.each([
  ['temporal.example', 'temporal.example:7233'],
  ['temporal.example:443', 'temporal.example:443'],
  ['[::1]:7000', '[::1]:7000'],
])('address %s → connects to %s', (given, address) => {
  expect(connectionOptions(readTemporalSettings({ TEMPORAL_ADDRESS: given }))).toMatchObject({ address });
});

test('an API key → TLS with the certificate authorities of the system', () => {
  const env = { TEMPORAL_ADDRESS: 'ns.acct.tmprl.cloud:7233', TEMPORAL_API_KEY: 'key-1' };
  expect(connectionOptions(readTemporalSettings(env))).toEqual({
    address: env.TEMPORAL_ADDRESS,
    apiKey: 'key-1',
    tls: {},
  });
});

test('TEMPORAL_TLS → overrides the default', () => {
  expect(readTemporalSettings({ TEMPORAL_TLS: 'true' }).tls).not.toBeNull();
  expect(connectionOptions(readTemporalSettings({ TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: 'key-1' }))).toMatchObject({
    ...{ tls: false, apiKey: 'key-1' },
  });
});

test('certificates from files or variables → the same TLS settings', () => {
  const byPath = readTemporalSettings({
    TEMPORAL_TLS_CLIENT_CERT_PATH: files.client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: files.client.key,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: files.authority.cert,
    TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
  });
  const byData = readTemporalSettings({
    TEMPORAL_TLS_CLIENT_CERT_DATA: read(files.client.cert),
    TEMPORAL_TLS_CLIENT_KEY_DATA: read(files.client.key),
    TEMPORAL_TLS_SERVER_CA_CERT_DATA: read(files.authority.cert),
    TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
  });
  expect(byData.tls).toEqual(byPath.tls);
  expect(connectionOptions(byPath).tls).toEqual({
    serverRootCACertificate: readFileSync(files.authority.cert),
    clientCertPair: { crt: readFileSync(files.client.cert), key: readFileSync(files.client.key) },
    serverNameOverride: 'temporal.test',
  });
});

function errorOf(env: Record<string, string>): string {
  try {
    readTemporalSettings(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message.split('\n')).toHaveLength(1);
    return error.message;
  }
  throw new Error('the settings were accepted');
}

test.each(['https://temporal.example', 'temporal.example:99999', '::1', 'a b:7233'])(
  'address %s → error',
  (address) => {
    expect(errorOf({ TEMPORAL_ADDRESS: address })).toBe(
      `TEMPORAL_ADDRESS is ${address}, which is not an address: set host:port, without https://`,
    );
  },
);

test('TEMPORAL_TLS is neither true nor false → error', () => {
  expect(errorOf({ TEMPORAL_TLS: 'maybe' })).toBe('TEMPORAL_TLS: set true or false');
});

test('an API key with a line break → error without the key', () => {
  const message = errorOf({ TEMPORAL_API_KEY: 'hidden-key\n' });
  expect(message).toMatch(/^TEMPORAL_API_KEY: .*line break.*: set the key only$/);
  expect(message).not.toContain('hidden-key');
});

test.each(['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_KEY_PATH', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'])(
  '%s is not a readable file → error with variable and path',
  (variable) => {
    const missing = path.join(files.folder, 'missing.pem');
    expect(errorOf({ [variable]: missing })).toBe(
      `${variable}: can't read ${missing} (the file does not exist): set the path of a PEM file that this user can read`,
    );
    expect(errorOf({ [variable]: files.folder })).toContain('(it is a directory)');
  },
);

test('a key without a certificate, or a certificate without a key → error', () => {
  expect(errorOf({ TEMPORAL_TLS_CLIENT_KEY_PATH: files.client.key })).toBe(
    'TEMPORAL_TLS_CLIENT_KEY_PATH is set without a certificate: set TEMPORAL_TLS_CLIENT_CERT_PATH to its certificate, or unset the key',
  );
  expect(errorOf({ TEMPORAL_TLS_CLIENT_CERT_DATA: read(files.client.cert) })).toBe(
    'TEMPORAL_TLS_CLIENT_CERT_DATA is set without a key: set TEMPORAL_TLS_CLIENT_KEY_PATH to its private key, or unset the certificate',
  );
});

test('a key that does not match the certificate → error', () => {
  const env = {
    TEMPORAL_TLS_CLIENT_CERT_PATH: files.client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: files.stranger.key,
  };
  expect(errorOf(env)).toMatch(
    /^TEMPORAL_TLS_CLIENT_KEY_PATH: the key doesn't match the certificate of TEMPORAL_TLS_CLIENT_CERT_PATH: /,
  );
});

test('an invalid certificate, an invalid key or an encrypted key → error without the key', () => {
  const key = read(files.client.key);
  expect(errorOf({ TEMPORAL_TLS_SERVER_CA_CERT_DATA: key })).toMatch(
    /^TEMPORAL_TLS_SERVER_CA_CERT_DATA: does not contain a certificate: set it in PEM format/,
  );
  const pair = { TEMPORAL_TLS_CLIENT_CERT_PATH: files.client.cert };
  const noKey = errorOf({ ...pair, TEMPORAL_TLS_CLIENT_KEY_DATA: 'c2VjcmV0' });
  expect(noKey).toMatch(/^TEMPORAL_TLS_CLIENT_KEY_DATA: does not contain a private key: set it in PEM format/);
  expect(noKey).not.toContain('c2VjcmV0');
  const encrypted = path.join(files.folder, 'locked.key');
  openssl('pkey', '-in', files.client.key, '-aes256', '-passout', 'pass:geheim', '-out', encrypted);
  expect(errorOf({ ...pair, TEMPORAL_TLS_CLIENT_KEY_PATH: encrypted })).toMatch(
    /^TEMPORAL_TLS_CLIENT_KEY_PATH: the key is encrypted with a passphrase: decrypt it/,
  );
});

test('a certificate as file and as data → error', () => {
  const empty = path.join(files.folder, 'empty.pem');
  writeFileSync(empty, '');
  const env = { TEMPORAL_TLS_CLIENT_CERT_PATH: empty, TEMPORAL_TLS_CLIENT_CERT_DATA: 'x' };
  expect(errorOf(env)).toBe(
    'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_CERT_DATA are both set: unset one of them',
  );
});

test('withoutTemporalVariables → removes all settings of Temporal', () => {
  const env = { TEMPORAL_ADDRESS: 'a:1', TEMPORAL_API_KEY: 'b', TEMPORAL_TLS: 'true', DATABASE_URL: 'c' };
  expect(withoutTemporalVariables(env)).toEqual({ DATABASE_URL: 'c' });
});

test('settings as an object → the same connection options, and errors with the names of its fields', () => {
  const tls = { serverCa: read(files.authority.cert), serverName: 'temporal.test' };
  const client = { cert: read(files.client.cert), key: readFileSync(files.client.key) };
  expect(connectionOptions(temporalSettings({ address: 'temporal.example', tls: { ...tls, client } }))).toEqual({
    address: 'temporal.example:7233',
    tls: {
      serverRootCACertificate: readFileSync(files.authority.cert),
      clientCertPair: { crt: readFileSync(files.client.cert), key: readFileSync(files.client.key) },
      serverNameOverride: 'temporal.test',
    },
  });
  expect(() => temporalSettings({ tls: { client: { ...client, key: 'c2VjcmV0' } } })).toThrow(
    /^temporal\.tls\.client\.key: does not contain a private key/,
  );
});

function writeProfiles(text: string): string {
  const file = path.join(files.folder, 'temporal.toml');
  writeFileSync(file, text);
  return file;
}

test('a TOML profile → its settings, overridden by variables', () => {
  const file = writeProfiles(`
    [profile.default]
    address = "default.example:7233"
    [profile.prod]
    address = "prod.example:7233"
    namespace = "images"
    api_key = "key-1"
    [profile.prod.tls]
    server_name = "temporal.test"
    [profile.prod.grpc_meta]
    team = "images"`);
  const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'prod' };
  expect(readTemporalSettings(env)).toMatchObject({
    address: 'prod.example:7233',
    namespace: 'images',
    apiKey: 'key-1',
    tls: { serverName: 'temporal.test' },
    metadata: { team: 'images' },
  });
  expect(readTemporalSettings({ ...env, TEMPORAL_NAMESPACE: 'other' })).toMatchObject({ namespace: 'other' });
  expect(readTemporalSettings({ TEMPORAL_CONFIG_FILE: file })).toMatchObject({
    address: 'default.example:7233',
    tls: null,
  });
});

test('the default configuration file → read only if a variable selects a profile', () => {
  const home = path.join(files.folder, 'home');
  mkdirSync(path.join(home, 'temporalio'), { recursive: true });
  writeFileSync(path.join(home, 'temporalio', 'temporal.toml'), '[profile.default]\naddress = "cloud.example:7233"');
  const env = { XDG_CONFIG_HOME: home, HOME: home };
  expect(readTemporalSettings(env).address).toBe('127.0.0.1:7233');
  expect(namesTemporal(env)).toBe(false);
  if (process.platform !== 'linux') return;
  expect(readTemporalSettings({ ...env, TEMPORAL_PROFILE: 'default' }).address).toBe('cloud.example:7233');
  expect(namesTemporal({ TEMPORAL_PROFILE: 'default' })).toBe(true);
});

test('an invalid profile → error with its field and file, without the key', () => {
  const missing = path.join(files.folder, 'missing.toml');
  expect(errorOf({ TEMPORAL_CONFIG_FILE: missing })).toMatch(
    /^TEMPORAL_CONFIG_FILE: can't read .*missing\.toml \(the file does not exist\)/,
  );
  const TEMPORAL_CONFIG_FILE = writeProfiles('[profile.default]\naddress = "https://a.example"\n');
  expect(errorOf({ TEMPORAL_CONFIG_FILE })).toBe(
    `address of profile default in ${TEMPORAL_CONFIG_FILE} is https://a.example, which is not an address: set host:port, without https://`,
  );
  expect(errorOf({ TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'prod' })).toContain("Profile 'prod' not found");
  writeProfiles('[profile.default]\napi_key = "hidden-key\n');
  expect(errorOf({ TEMPORAL_CONFIG_FILE })).toMatch(/^TEMPORAL_CONFIG_FILE: the file is not valid TOML at line \d: /);
  expect(errorOf({ TEMPORAL_CONFIG_FILE })).not.toContain('hidden-key');
  writeProfiles('[profile.default]\nadress = "a.example"\n');
  expect(errorOf({ TEMPORAL_CONFIG_FILE })).toContain('adress');
  writeProfiles('[profile.default.tls]\nserver_ca_cert_path = "/none.pem"\n');
  expect(errorOf({ TEMPORAL_CONFIG_FILE })).toContain('tls.server_ca_cert_path of profile default in ');
});
