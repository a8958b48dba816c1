/**
 * The certificates of the proxy in front of the embedded Temporal server: an authority, a server certificate for loopback, and
 * a client certificate. Only processes that can read this folder can be clients. The key of the authority is never written,
 * so a new set replaces the whole old one.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** File names in the folder of the embedded server. */
export const AUTHORITY = 'ca.crt';
export const SERVER = { cert: 'server.crt', key: 'server.key' } as const;
export const CLIENT = { cert: 'client.crt', key: 'client.key' } as const;

/** In the certificate of the server. */
export const SERVER_NAME = 'localhost';

const DAY_MS = 86_400_000;
const LIFETIME_MS = 365 * DAY_MS;
/** Clocks of containers and virtual machines are sometimes set back after the start. */
const BACKDATED_MS = DAY_MS;

export interface CertificateOptions {
  readonly nowMs?: number;
  /** Default: a year. */
  readonly lifetimeMs?: number;
}

/** Keeps a set that is not due, else creates a new one. Returns whether it did. */
export async function ensureCertificates(folder: string, options: CertificateOptions = {}): Promise<boolean> {
  if (!(await certificatesAreDue(folder, options))) return false;
  const { nowMs = Date.now(), lifetimeMs = LIFETIME_MS } = options;
  await writeSet(folder, await createSet(nowMs, lifetimeMs));
  return true;
}

/** Whether the set is missing, incomplete, not valid, or has less than a third of its lifetime left. */
export async function certificatesAreDue(folder: string, options: CertificateOptions = {}): Promise<boolean> {
  const { nowMs = Date.now(), lifetimeMs = LIFETIME_MS } = options;
  return !(await isGood(folder, nowMs, nowMs + lifetimeMs / 3));
}

async function isGood(folder: string, nowMs: number, untilMs: number): Promise<boolean> {
  try {
    const authority = new X509Certificate(await readFile(path.join(folder, AUTHORITY)));
    for (const { cert, key } of [SERVER, CLIENT]) {
      const certificate = new X509Certificate(await readFile(path.join(folder, cert)));
      if (Date.parse(certificate.validFrom) > nowMs || Date.parse(certificate.validTo) < untilMs) return false;
      if (!certificate.verify(authority.publicKey)) return false;
      if (!certificate.checkPrivateKey(createPrivateKey(await readFile(path.join(folder, key))))) return false;
    }
    return true;
  } catch {
    // Missing, cut off or not readable: a new set repairs all of these.
    return false;
  }
}

type CertificateSet = Readonly<Record<string, string>>;

/** PEM texts by file name. */
async function createSet(nowMs: number, lifetimeMs: number): Promise<CertificateSet> {
  // Loading them takes 0.3 s, which a start with a valid set saves. The first is required by the second.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const newKeys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const validity = { notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(nowMs + lifetimeMs) };
  const { KeyUsageFlags, ExtendedKeyUsage } = x509;

  const authorityKeys = await newKeys();
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    // Unique, so that no program takes the authority of an earlier set for this one.
    name: `CN=ecs-image-import embedded Temporal ${crypto.randomUUID()}`,
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issue = async (
    files: typeof SERVER | typeof CLIENT,
    usage: string,
    names: { type: 'ip' | 'dns'; value: string }[],
  ) => {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${path.parse(files.cert).name}`,
      issuer: authority.subject,
      publicKey: keys.publicKey,
      signingKey: authorityKeys.privateKey,
      signingAlgorithm: algorithm,
      ...validity,
      extensions: [
        new x509.BasicConstraintsExtension(false),
        new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    });
    const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    return { [files.cert]: certificate.toString('pem'), [files.key]: key };
  };
  return {
    [AUTHORITY]: authority.toString('pem'),
    ...(await issue(SERVER, ExtendedKeyUsage.serverAuth, [
      { type: 'ip', value: '127.0.0.1' },
      { type: 'dns', value: SERVER_NAME },
    ])),
    ...(await issue(CLIENT, ExtendedKeyUsage.clientAuth, [])),
  };
}

/** Each file is replaced as a whole. A set that a crash left mixed is not good, and is replaced at the next start. */
async function writeSet(folder: string, set: CertificateSet): Promise<void> {
  for (const [name, pem] of Object.entries(set)) {
    const file = path.join(folder, name);
    await writeFile(`${file}.draft`, `${pem}\n`, { mode: 0o600 });
    await rename(`${file}.draft`, file);
  }
}
