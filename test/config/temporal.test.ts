/** What is set for the way to Temporal, and what a person is told who has set it wrong: one line with the variable and the remedy. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError } from '../../config/environment.js';
import { connectionOptions, temporalSettings } from '../../config/temporal.js';
import { namesTemporal, readTemporalSettings, withoutTemporalVariables } from '../../config/temporal-environment.js';
import { type Certificates, makeCertificates, openssl } from '../support/temporal/certificates.js';

let files: Certificates;
const read = (file: string) => readFileSync(file, 'utf8');

beforeAll(() => {
  files = makeCertificates();
});
afterAll(() => files.remove());

test('nothing set: the default address, no TLS, no key', () => {
  expect(connectionOptions(readTemporalSettings({}))).toEqual({ address: '127.0.0.1:7233', tls: false });
  expect(readTemporalSettings({ TEMPORAL_TLS: '', TEMPORAL_API_KEY: '' })).toMatchObject({ tls: null, apiKey: null });
});

test.each([
  ['temporal.example', 'temporal.example:7233'],
  ['temporal.example:443', 'temporal.example:443'],
  ['[::1]:7000', '[::1]:7000'],
])('the address %s leads to %s', (given, address) => {
  expect(connectionOptions(readTemporalSettings({ TEMPORAL_ADDRESS: given }))).toMatchObject({ address });
});

test('an API key brings TLS, trusting whom the system trusts', () => {
  const env = { TEMPORAL_ADDRESS: 'ns.acct.tmprl.cloud:7233', TEMPORAL_API_KEY: 'key-1' };
  expect(connectionOptions(readTemporalSettings(env))).toEqual({
    address: env.TEMPORAL_ADDRESS,
    apiKey: 'key-1',
    tls: {},
  });
});

test('TEMPORAL_TLS has the last word', () => {
  expect(readTemporalSettings({ TEMPORAL_TLS: 'true' }).tls).not.toBeNull();
  expect(connectionOptions(readTemporalSettings({ TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: 'key-1' }))).toMatchObject({
    ...{ tls: false, apiKey: 'key-1' },
  });
});

test('certificates are taken from files or from the variables themselves, and bring TLS', () => {
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

function refusal(env: Record<string, string>): string {
  try {
    readTemporalSettings(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message.split('\n')).toHaveLength(1);
    return error.message;
  }
  throw new Error('the settings were taken');
}

test.each(['https://temporal.example', 'temporal.example:99999', '::1', 'a b:7233'])(
  'the address %s is refused',
  (address) => {
    expect(refusal({ TEMPORAL_ADDRESS: address })).toBe(
      `TEMPORAL_ADDRESS is ${address}: give host:port, without https://`,
    );
  },
);

test('TEMPORAL_TLS that is neither true nor false is refused', () => {
  expect(refusal({ TEMPORAL_TLS: 'maybe' })).toBe('TEMPORAL_TLS: set true or false');
});

test('an API key that came with a line break is refused without being told', () => {
  const message = refusal({ TEMPORAL_API_KEY: 'hidden-key\n' });
  expect(message).toMatch(/^TEMPORAL_API_KEY: .*line break.*: set the key alone$/);
  expect(message).not.toContain('hidden-key');
});

test.each(['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_KEY_PATH', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'])(
  '%s that leads to no file is named, with the file',
  (variable) => {
    const missing = path.join(files.folder, 'missing.pem');
    expect(refusal({ [variable]: missing })).toBe(
      `${variable}: ${missing} can't be read (there is no such file): give the path of a PEM file that this user may read`,
    );
    expect(refusal({ [variable]: files.folder })).toContain('(it is a folder)');
  },
);

test('a key without its certificate, and a certificate without its key, are refused', () => {
  expect(refusal({ TEMPORAL_TLS_CLIENT_KEY_PATH: files.client.key })).toBe(
    'TEMPORAL_TLS_CLIENT_KEY_PATH is set without a certificate: set TEMPORAL_TLS_CLIENT_CERT_PATH to the one that belongs to it, or unset it',
  );
  expect(refusal({ TEMPORAL_TLS_CLIENT_CERT_DATA: read(files.client.cert) })).toBe(
    'TEMPORAL_TLS_CLIENT_CERT_DATA is set without a key: set TEMPORAL_TLS_CLIENT_KEY_PATH to the one that belongs to it, or unset it',
  );
});

test('a key of another certificate is refused', () => {
  const env = {
    TEMPORAL_TLS_CLIENT_CERT_PATH: files.client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: files.stranger.key,
  };
  expect(refusal(env)).toMatch(
    /^TEMPORAL_TLS_CLIENT_KEY_PATH: this key doesn't belong to the certificate of TEMPORAL_TLS_CLIENT_CERT_PATH: /,
  );
});

test('what is no certificate, no key, or a key behind a passphrase is refused, and no key is told', () => {
  const key = read(files.client.key);
  expect(refusal({ TEMPORAL_TLS_SERVER_CA_CERT_DATA: key })).toMatch(
    /^TEMPORAL_TLS_SERVER_CA_CERT_DATA: holds no certificate: give it in PEM/,
  );
  const pair = { TEMPORAL_TLS_CLIENT_CERT_PATH: files.client.cert };
  const noKey = refusal({ ...pair, TEMPORAL_TLS_CLIENT_KEY_DATA: 'c2VjcmV0' });
  expect(noKey).toMatch(/^TEMPORAL_TLS_CLIENT_KEY_DATA: holds no private key: give it in PEM/);
  expect(noKey).not.toContain('c2VjcmV0');
  const locked = path.join(files.folder, 'locked.key');
  openssl('pkey', '-in', files.client.key, '-aes256', '-passout', 'pass:geheim', '-out', locked);
  expect(refusal({ ...pair, TEMPORAL_TLS_CLIENT_KEY_PATH: locked })).toMatch(
    /^TEMPORAL_TLS_CLIENT_KEY_PATH: the key is locked with a passphrase: give it without one/,
  );
});

test('the same certificate given twice is refused', () => {
  const empty = path.join(files.folder, 'empty.pem');
  writeFileSync(empty, '');
  const env = { TEMPORAL_TLS_CLIENT_CERT_PATH: empty, TEMPORAL_TLS_CLIENT_CERT_DATA: 'x' };
  expect(refusal(env)).toBe(
    'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_CERT_DATA are both set: unset one of them',
  );
});

test('what is meant for another server does not reach a stack with its own', () => {
  const env = { TEMPORAL_ADDRESS: 'a:1', TEMPORAL_API_KEY: 'b', TEMPORAL_TLS: 'true', DATABASE_URL: 'c' };
  expect(withoutTemporalVariables(env)).toEqual({ DATABASE_URL: 'c' });
});

test('a program gives the same settings as an object, and its errors name the fields of the object', () => {
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
    /^temporal\.tls\.client\.key: holds no private key/,
  );
});

function writeProfiles(text: string): string {
  const file = path.join(files.folder, 'temporal.toml');
  writeFileSync(file, text);
  return file;
}

test('a TOML profile gives the settings, and a variable wins over it', () => {
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

test('the file that the user keeps for the temporal command is read only where a variable asks for a profile', () => {
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

test('a profile that is wrong is named with its field and file, and no key is shown', () => {
  const missing = path.join(files.folder, 'missing.toml');
  expect(refusal({ TEMPORAL_CONFIG_FILE: missing })).toMatch(
    /^TEMPORAL_CONFIG_FILE: .*missing\.toml can't be read \(there is no such file\)/,
  );
  const TEMPORAL_CONFIG_FILE = writeProfiles('[profile.default]\naddress = "https://a.example"\n');
  expect(refusal({ TEMPORAL_CONFIG_FILE })).toBe(
    `address of profile default in ${TEMPORAL_CONFIG_FILE} is https://a.example: give host:port, without https://`,
  );
  expect(refusal({ TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'prod' })).toContain("Profile 'prod' not found");
  writeProfiles('[profile.default]\napi_key = "hidden-key\n');
  expect(refusal({ TEMPORAL_CONFIG_FILE })).toMatch(/^TEMPORAL_CONFIG_FILE: the file is not valid TOML at line \d: /);
  expect(refusal({ TEMPORAL_CONFIG_FILE })).not.toContain('hidden-key');
  writeProfiles('[profile.default]\nadress = "a.example"\n');
  expect(refusal({ TEMPORAL_CONFIG_FILE })).toContain('adress');
  writeProfiles('[profile.default.tls]\nserver_ca_cert_path = "/none.pem"\n');
  expect(refusal({ TEMPORAL_CONFIG_FILE })).toContain('tls.server_ca_cert_path of profile default in ');
});
