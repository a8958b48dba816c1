/** The certificate of the API. A new one is used when its files change, without a restart. */
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** Renewed certificates arrive days before the old ones expire. */
const CHECK_EVERY_MS = 2_000;

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

const MIN_TLS_VERSION = 'TLSv1.2';

/** Throws an error that names the file if they are not a certificate and its key. */
export function readCertificate({ certFile, keyFile }: CertificateFiles): SecureContextOptions {
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new Error(`can't read ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const certificate = { cert: read(certFile), key: read(keyFile), minVersion: MIN_TLS_VERSION } as const;
  try {
    createSecureContext(certificate);
  } catch (error) {
    throw new Error(
      `${certFile} and ${keyFile} are not a certificate and its private key in PEM (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  return certificate;
}

/** Calls back with each new certificate. Files that are being replaced are read again at the next check. Returns the function that stops. */
export function watchCertificate(
  files: CertificateFiles,
  onChange: (certificate: SecureContextOptions) => void,
  warn: (problem: string) => void,
  everyMs = CHECK_EVERY_MS,
): () => void {
  let seen = stateOf(files);
  const timer = setInterval(() => {
    const now = stateOf(files);
    if (now === seen) return;
    try {
      onChange(readCertificate(files));
      seen = now;
    } catch (error) {
      warn(`${error instanceof Error ? error.message : String(error)}: the previous certificate stays in use`);
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Changes with either file, also where a link is changed to point to another one. */
function stateOf({ certFile, keyFile }: CertificateFiles): string {
  const state = [certFile, keyFile].map((file) => {
    const info = statSync(file, { throwIfNoEntry: false });
    return info === undefined ? null : [info.ino, info.size, info.mtimeMs];
  });
  return JSON.stringify(state);
}
