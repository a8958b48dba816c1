/** The digests in an OVA's manifest (.mf; OVF specification, section 5.1). */
import { createHash } from 'node:crypto';
import { type ByteSource, printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { COPY_AGAIN } from './container.js';
import { type TarFile, tarFileBytes } from './tar.js';

export interface ExpectedDigest {
  readonly file: TarFile;
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
  /** Hexadecimal, in lower case. */
  readonly digest: string;
}

const MAX_MANIFEST = 1024 * 1024;
const PIECE = 8 * 1024 * 1024;
/** As in the specification (`SHA256(name)= digest`), by OpenSSL 3 (`SHA2-256(name)= digest`), or by sha256sum. */
const LINE = /^SHA-?(?:2-)?(1|256|512)\s*\((.+)\)\s*=\s*([0-9a-f]{40,128})\s*$/i;
const SUM_LINE = /^([0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}) [ *](.+)$/i;
const ALGORITHMS: Readonly<Record<string, ExpectedDigest['algorithm']>> = {
  1: 'sha1',
  40: 'sha1',
  256: 'sha256',
  64: 'sha256',
  512: 'sha512',
  128: 'sha512',
};

/** Reports every file whose digest is not the manifest's. Files are read up to the source's limit for bulk reads. */
export function checkManifests(archive: ByteSource, files: readonly TarFile[], findings: FindingList): void {
  let left = archive.bulkBytes ?? Number.POSITIVE_INFINITY;
  for (const { file, algorithm, digest } of expectedDigests(archive, files)) {
    left -= file.size;
    if (left < 0) {
      findings.add(
        'info',
        'ECSIMPORT.ManifestDigest',
        'The inspection did not verify all digests of the manifest: the files are too large. The conversion verifies them',
        printable(file.name),
        'Nothing to do.',
      );
      return;
    }
    const actual = digestOf(tarFileBytes(archive, file, printable(file.name)), algorithm);
    if (actual !== digest) reportDigest(file, algorithm, digest, actual, findings);
  }
}

function reportDigest(file: TarFile, algorithm: string, digest: string, actual: string, findings: FindingList): void {
  const name = printable(file.name);
  findings.add(
    'blocking',
    'ECSIMPORT.ManifestDigest',
    `The file ${name} in the archive is not the one that the manifest describes`,
    `${algorithm}: ${digest} in the manifest, ${actual} of the file`,
    COPY_AGAIN,
  );
}

/** The digests of all manifests in the archive, for files that are in it. */
export function expectedDigests(archive: ByteSource, files: readonly TarFile[]): readonly ExpectedDigest[] {
  const manifests = files.filter(({ name, size }) => /\.mf$/i.test(name) && size <= MAX_MANIFEST);
  return manifests.flatMap((manifest) => {
    const text = tarFileBytes(archive, manifest, 'the manifest').read(0, manifest.size).toString('utf8');
    return text.split(/\r?\n/).flatMap((line) => {
      const [, bits, named, digest = ''] = LINE.exec(line) ?? [];
      const [, sum = digest, name = named] = SUM_LINE.exec(line) ?? [];
      const algorithm = ALGORITHMS[bits ?? sum.length];
      const file =
        files.find((other) => other.name === name) ??
        files.find((other) => withoutFolder(other.name) === withoutFolder(name ?? ''));
      if (name === undefined || algorithm === undefined || file === undefined) return [];
      return [{ file, algorithm, digest: sum.toLowerCase() }];
    });
  });
}

function withoutFolder(name: string): string {
  return name.trim().replace(/^.*\//, '');
}

function digestOf(bytes: ByteSource, algorithm: string): string {
  const hash = createHash(algorithm);
  for (let at = 0; at < bytes.size; at += PIECE) hash.update(bytes.read(at, Math.min(PIECE, bytes.size - at)));
  return hash.digest('hex');
}
