/**
 * The certificate of `--tls`: self-signed, for this machine's names and the vendor's. It is kept in the data folder, so that
 * clients can keep trusting it. Node.js signs, but writes no certificates, so the DER encoding is here.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { regionIds } from './ecs/regions.js';

export interface TlsCertificate {
  readonly cert: string;
  readonly key: string;
  /** The file of the certificate, which clients must trust. */
  readonly path: string;
}

const VALID_DAYS = 825;
const DAY_MS = 86_400_000;

/** Reuses the certificate in the folder while it is valid for the host. */
export function certificateIn(folder: string, host: string, now = Date.now()): TlsCertificate {
  const files = { cert: path.join(folder, 'tls', 'certificate.pem'), key: path.join(folder, 'tls', 'key.pem') };
  const known = readPair(files, host, now);
  if (known !== null) return { ...known, path: files.cert };
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const cert = pem(certificate(privateKey, publicKey, namesFor(host), now));
  mkdirSync(path.dirname(files.cert), { recursive: true });
  writeFileSync(files.key, key, { mode: 0o600 });
  writeFileSync(files.cert, cert);
  return { cert, key, path: files.cert };
}

function readPair(
  files: { readonly cert: string; readonly key: string },
  host: string,
  now: number,
): { readonly cert: string; readonly key: string } | null {
  if (!existsSync(files.cert) || !existsSync(files.key)) return null;
  const pair = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
  try {
    const parsed = new X509Certificate(pair.cert);
    const names = isIP(host) === 0 ? parsed.checkHost(host) : parsed.checkIP(host);
    const lasts = Date.parse(parsed.validTo) > now + DAY_MS;
    return lasts && names !== undefined && parsed.checkPrivateKey(createPrivateKey(pair.key)) ? pair : null;
  } catch {
    // A file that was cut off is replaced.
    return null;
  }
}

/** A wildcard covers one label, so the endpoints of each region have their own: of ECS and STS, and of a bucket. */
function namesFor(host: string): readonly string[] {
  const regional = regionIds.flatMap((region) =>
    [`*.${region}`, `*.oss-${region}`, `*.oss-${region}-internal`].map((name) => `${name}.aliyuncs.com`),
  );
  const local = ['localhost', '*.localhost', '127.0.0.1', '::1', 'emulator', '*.emulator'];
  return [...new Set([host, ...local, '*.aliyuncs.com', ...regional])];
}

function certificate(privateKey: KeyObject, publicKey: KeyObject, names: readonly string[], now: number): Buffer {
  const algorithm = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const commonName = sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from('ecs-image-import emulator')));
  const name = sequence(der(0x31, commonName));
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    name,
    sequence(time(now - DAY_MS), time(now + VALID_DAYS * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(names))),
  );
  const signature = sign('sha256', signed, privateKey);
  return sequence(signed, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
}

/** A certificate that a client trusts as an authority must say that it is one. */
function extensions(names: readonly string[]): readonly Buffer[] {
  const isTrue = der(0x01, Buffer.from([0xff]));
  const extension = (last: number, value: Buffer, ...critical: readonly Buffer[]) =>
    sequence(oid(0x55, 0x1d, last), ...critical, der(0x04, value));
  return [
    extension(0x13, sequence(isTrue), isTrue),
    // Digital signature and certificate signing.
    extension(0x0f, der(0x03, Buffer.from([0x02, 0x84])), isTrue),
    // Server authentication.
    extension(0x25, sequence(oid(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01))),
    extension(0x11, sequence(...names.map((name) => (isIP(name) === 0 ? dnsName(name) : ipAddress(name))))),
  ];
}

function dnsName(name: string): Buffer {
  return der(0x82, Buffer.from(name, 'ascii'));
}

function ipAddress(address: string): Buffer {
  return der(0x87, Buffer.from(isIP(address) === 4 ? address.split('.').map(Number) : bytesOfIpv6(address)));
}

function bytesOfIpv6(address: string): readonly number[] {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0);
  return [...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 0xff]);
}

function time(ms: number): Buffer {
  // Year, month, day, hour, minute and second in digits, then Z.
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  // RFC 5280: UTCTime through the year 2049.
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

function oid(...bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
