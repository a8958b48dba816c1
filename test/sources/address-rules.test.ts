import { describe, expect, test } from 'vitest';
import { createAddressGuard } from '../../sources/address-rules.js';

const refuses = (address: string, addresses: readonly string[] = []) => {
  try {
    createAddressGuard({ hosts: [], addresses }).checkAddress(address, 'images.example.com');
    return false;
  } catch (error) {
    expect(error).toMatchObject({ failure: { code: 'Source.AddressNotAllowed', class: 'request' } });
    return true;
  }
};

describe('an address', () => {
  test.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '2002:7f00:1::',
    '[::1]',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '100.127.255.254',
    '198.19.0.1',
    '192.0.0.8',
    'fd12:3456::1',
    'fc00::1',
    '::ffff:10.0.0.1',
    '::ffff:0:192.168.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::808:808',
    '2002:a00:1::1',
    '2001:0:808:808::1',
    '2a00:1450::5efe:10.0.0.1',
    '2a00:1450::200:5efe:a9fe:a9fe',
  ])('%s is not fetched from', (address) => {
    expect(refuses(address)).toBe(true);
  });

  test.each([
    '8.8.8.8',
    '172.32.0.1',
    '172.15.255.255',
    '100.63.255.255',
    '100.128.0.1',
    '192.167.255.255',
    '2001:db8::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2a00:1450::5efe:8.8.8.8',
  ])('%s is fetched from', (address) => {
    expect(refuses(address)).toBe(false);
  });

  test('of an interface of this host → refused, in each form, unless the operator lists it', () => {
    const own = () => ['203.0.113.7', '2001:db8::7', 'fe80::7%eth0'];
    const check = (address: string, addresses: readonly string[] = []) =>
      createAddressGuard({ hosts: [], addresses }, own).checkAddress(address, 'images.example.com');
    for (const address of ['203.0.113.7', '::ffff:203.0.113.7', '64:ff9b::cb00:7107', '2001:db8:0::7']) {
      expect(() => check(address)).toThrow('an address of this host');
    }
    expect(() => check('203.0.113.8')).not.toThrow();
    expect(() => check('203.0.113.7', ['203.0.113.7'])).not.toThrow();
  });

  test('in a private network that the operator lists → fetched from, and its metadata service still is not', () => {
    expect(refuses('10.1.2.3', ['10.0.0.0/8'])).toBe(false);
    expect(refuses('64:ff9b::a01:203', ['10.0.0.0/8'])).toBe(false);
    expect(refuses('192.168.0.1', ['10.0.0.0/8'])).toBe(true);
    expect(refuses('100.100.100.200', ['10.0.0.0/8'])).toBe(true);
  });

  test('that is refused by default → allowed where the operator lists it, and only that one', () => {
    expect(refuses('127.0.0.1', ['127.0.0.1'])).toBe(false);
    expect(refuses('::ffff:127.0.0.1', ['127.0.0.1'])).toBe(false);
    expect(refuses('127.0.0.2', ['127.0.0.1'])).toBe(true);
    expect(refuses('127.0.0.2', ['127.0.0.0/8'])).toBe(false);
    expect(refuses('fe80::5', ['fe80::/10'])).toBe(false);
    expect(refuses('169.254.169.254', ['127.0.0.0/8'])).toBe(true);
  });

  test('that the operator mistyped → reported at the start', () => {
    for (const entry of ['localhost', '10.0.0.0/33', '10.0.0/8', '::1/200', '']) {
      expect(() => createAddressGuard({ hosts: [], addresses: [entry] })).toThrow('is not an address or a network');
    }
  });
});

describe('a host', () => {
  const allows = (host: string, hosts: readonly string[]) => {
    try {
      createAddressGuard({ hosts, addresses: [] }).checkHost(host);
      return true;
    } catch {
      return false;
    }
  };

  test('without a list of the operator → any host', () => {
    expect(allows('images.example.com', [])).toBe(true);
  });

  test('with a list → only listed hosts and subdomains of listed domains', () => {
    const hosts = ['images.example.com', '*.mirror.example.org'];
    expect(allows('images.example.com', hosts)).toBe(true);
    expect(allows('IMAGES.example.com.', hosts)).toBe(true);
    expect(allows('a.mirror.example.org', hosts)).toBe(true);
    expect(allows('mirror.example.org', hosts)).toBe(false);
    expect(allows('evilmirror.example.org', hosts)).toBe(false);
    expect(allows('images.example.com.evil.org', hosts)).toBe(false);
  });
});
