import { describe, expect, test } from 'vitest';
import { proxiesFromEnvironment } from '../../network/proxy-rules.js';

const PROXY = { HTTP_PROXY: 'http://plain:3128', HTTPS_PROXY: 'http://secure:3129' };

function proxyOf(url: string, env: Readonly<Record<string, string>>): string | null {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  const found = proxiesFromEnvironment(env)({ secure, host: hostname, port: Number(port || (secure ? 443 : 80)) });
  return found === null ? null : `${found.host}:${found.port}`;
}

test.each([
  ['http://a.example/', PROXY, 'plain:3128'],
  ['https://a.example/', PROXY, 'secure:3129'],
  ['https://a.example/', {}, null],
  ['https://a.example/', { https_proxy: 'http://lower', HTTPS_PROXY: 'http://upper' }, 'lower:80'],
  ['http://a.example/', { HTTP_PROXY: 'without-scheme:3128' }, 'without-scheme:3128'],
  ['http://a.example/', { HTTP_PROXY: 'https://tls' }, 'tls:443'],
  ['http://a.example/', { HTTPS_PROXY: 'http://secure' }, null],
  ['https://a.example/', { ALL_PROXY: 'http://all:1' }, 'all:1'],
  ['https://a.example/', { ALL_PROXY: 'socks5://all:1' }, null],
  ['https://a.example/', { HTTPS_PROXY: '' }, null],
])('%s with %j → %s', (url, env, expected) => {
  expect(proxyOf(url, env)).toBe(expected);
});

describe('NO_PROXY', () => {
  test.each([
    ['*', 'https://a.example/', true],
    ['example.com', 'https://example.com/', true],
    ['example.com', 'https://www.example.com/', true],
    ['.example.com', 'https://www.example.com/', true],
    ['.example.com', 'https://example.com/', true],
    ['*.example.com', 'https://www.example.com/', true],
    ['example.com', 'https://notexample.com/', false],
    ['Example.COM', 'https://WWW.example.com./', true],
    ['other.org, example.com', 'https://example.com/', true],
    ['other.org example.com', 'https://example.com/', true],
    ['example.com:8443', 'https://example.com:8443/', true],
    ['example.com:8443', 'https://example.com/', false],
    ['10.0.0.0/8', 'http://10.1.2.3/', true],
    ['10.0.0.0/8', 'http://11.1.2.3/', false],
    ['192.0.2.7', 'http://192.0.2.7:8080/', true],
    ['192.0.2.7:8080', 'http://192.0.2.7/', false],
    ['fd00::/8', 'http://[fd12::1]/', true],
    ['[fd12::1]:8080', 'http://[fd12::1]:8080/', true],
    ['[fd12::1]:8080', 'http://[fd12::1]/', false],
    ['10.0.0.0/99', 'http://10.1.2.3/', false],
    ['', 'http://10.1.2.3/', false],
  ])('%s for %s → direct: %s', (noProxy, url, direct) => {
    expect(proxyOf(url, { ...PROXY, NO_PROXY: noProxy }) === null).toBe(direct);
    expect(proxyOf(url, { ...PROXY, no_proxy: noProxy }) === null).toBe(direct);
  });
});

test.each([
  'http://127.0.0.1:8080/',
  'http://localhost/',
  'http://[::1]/',
  'http://100.100.100.200/latest/meta-data',
  'http://169.254.169.254/latest/meta-data',
])('%s → never through a proxy', (url) => {
  expect(proxyOf(url, PROXY)).toBeNull();
});

test.each(['ftp://a:1', 'http://', 'socks5://user:secret@a:1'])('HTTPS_PROXY=%s → an error without the URL', (url) => {
  expect(() => proxiesFromEnvironment({ HTTPS_PROXY: url })).toThrow(/^HTTPS_PROXY: set http/);
  expect(() => proxiesFromEnvironment({ HTTPS_PROXY: url })).not.toThrow(/secret/);
});

test('a user name and password → sent to the proxy, percent-encoding removed', () => {
  const proxyFor = proxiesFromEnvironment({ HTTPS_PROXY: 'http://user:p%40ss@proxy:3128' });
  const { authorization } = proxyFor({ secure: true, host: 'a.example', port: 443 }) ?? {};
  expect(authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
});
