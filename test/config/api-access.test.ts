/** Others than this machine reach the API only with access control and TLS. */
import { expect, test } from 'vitest';
import { apiAccessFromEnvironment } from '../../config/api-access.js';

const TLS = { ECS_IMPORT_TLS_CERT_FILE: '/etc/tls/tls.crt', ECS_IMPORT_TLS_KEY_FILE: '/etc/tls/tls.key' };
const OPEN = { ECS_IMPORT_INSECURE_NO_AUTH: 'true' };
const PROXY = { ECS_IMPORT_BEHIND_PROXY: 'true' };

test.each([
  [{ ECS_IMPORT_HOST: '0.0.0.0' }, /needs TLS.*ECS_IMPORT_TLS_CERT_FILE.*ECS_IMPORT_BEHIND_PROXY/],
  [{ ECS_IMPORT_HOST: '::' }, /needs TLS/],
  [{ ECS_IMPORT_HOST: '192.168.1.9' }, /needs TLS/],
  [{ ECS_IMPORT_HOST: 'build-1' }, /needs TLS/],
  // A name that begins as a loopback address.
  [{ ECS_IMPORT_HOST: '127.0.0.1.example.com' }, /needs TLS/],
  [{ ECS_IMPORT_HOST: '0.0.0.0', ECS_IMPORT_API_TOKEN: 'secret' }, /needs TLS/],
  [{ ECS_IMPORT_HOST: '0.0.0.0', ...TLS, ...OPEN }, /needs access control/],
  [{ ...PROXY, ...OPEN }, /ECS_IMPORT_BEHIND_PROXY\) needs access control/],
  [{ ...TLS, ECS_IMPORT_TLS_KEY_FILE: '' }, /set both/],
  [{ ECS_IMPORT_INSECURE_NO_AUTH: 'yes' }, /set true or false/],
])('%j → refused with the variable and the remedy', (env, message) => {
  expect(() => apiAccessFromEnvironment(env)).toThrow(message);
});

test.each([
  [{}, { isOpen: false, tls: null, isBehindProxy: false, hostNames: [] }],
  [OPEN, { isOpen: true }],
  [{ ECS_IMPORT_HOST: '::1', ...OPEN }, { isOpen: true }],
  [{ ECS_IMPORT_HOST: '127.3.0.9' }, { isOpen: false }],
  [{ ECS_IMPORT_HOST: '0.0.0.0', ...TLS }, { tls: { certFile: '/etc/tls/tls.crt', keyFile: '/etc/tls/tls.key' } }],
  [{ ECS_IMPORT_HOST: '0.0.0.0', ...PROXY }, { isBehindProxy: true }],
  [{ ECS_IMPORT_HOST: 'Build-1', ...TLS, ECS_IMPORT_HOST_NAMES: 'a.example' }, { hostNames: ['a.example', 'build-1'] }],
  [{ ECS_IMPORT_RATE_PER_IDENTITY: '0' }, { perIdentity: null, perAddress: 50, failedPerMinute: 10 }],
  [{ ECS_IMPORT_WRONG_KEYS_PER_MINUTE: '0' }, { perIdentity: 500, failedPerMinute: null }],
])('%j → accepted', (env, expected) => {
  expect(apiAccessFromEnvironment(env)).toMatchObject(expected);
});
