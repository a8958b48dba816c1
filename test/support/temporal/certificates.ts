/** Creates certificate authorities and certificates for a test with openssl, in a temporary folder. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly folder: string;
  readonly authority: CertificateFiles;
  /** For 127.0.0.1 and `temporal.test`. */
  readonly server: CertificateFiles;
  readonly client: CertificateFiles;
  /** An unrelated self-signed certificate. */
  readonly stranger: CertificateFiles;
  readonly remove: () => void;
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), 'certificates-'));
  const authority = selfSigned(folder, 'authority');
  return {
    folder,
    authority,
    server: issued(folder, 'server', authority, 'subjectAltName=IP:127.0.0.1,DNS:temporal.test'),
    client: issued(folder, 'client', authority, 'extendedKeyUsage=clientAuth'),
    stranger: selfSigned(folder, 'stranger'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function selfSigned(folder: string, name: string): CertificateFiles {
  const files = filesOf(folder, name);
  openssl('req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=${name}`, '-keyout', files.key, '-out', files.cert);
  return files;
}

function issued(folder: string, name: string, by: CertificateFiles, extension: string): CertificateFiles {
  const files = filesOf(folder, name);
  const request = path.join(folder, `${name}.csr`);
  const extensions = path.join(folder, `${name}.ext`);
  // The TLS library of the worker accepts X.509 version 3 only.
  writeFileSync(extensions, `basicConstraints=CA:FALSE\n${extension}\n`);
  openssl('req', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', files.key, '-out', request);
  openssl(
    ...['x509', '-req', '-in', request, '-CA', by.cert, '-CAkey', by.key, '-CAcreateserial', '-days', '2'],
    ...['-extfile', extensions, '-out', files.cert],
  );
  return files;
}

function filesOf(folder: string, name: string): CertificateFiles {
  return { cert: path.join(folder, `${name}.pem`), key: path.join(folder, `${name}.key`) };
}

export function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
