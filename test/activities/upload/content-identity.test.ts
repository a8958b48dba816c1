import { expect, test } from 'vitest';
import { contentIdentity } from '../../../activities/upload/content-identity.js';
import type { LocalFile } from '../../../sources/local-file.js';
import type { OpenedSource } from '../../../sources/source.js';
import type { UploadForm } from '../../../store/uploads.js';

const file: LocalFile = {
  ...{ path: '/images/disk.raw', version: '1:2:3:4:5', size: 3, changedAtMs: 0 },
  handle: Object.create(null),
  check: async () => undefined,
  expectDigest: () => undefined,
  reopen: () => Promise.reject(new Error('not used')),
  close: async () => undefined,
};
const source = { identity: '1:2:3:4:5', sha256: null, file };
const identityOf = (
  form: UploadForm,
  format: string,
  changes: Partial<Pick<OpenedSource, 'identity' | 'sha256' | 'file'>> = {},
  host = 'one',
) => contentIdentity({ ...source, ...changes }, { form, format }, { host, isShared: true });

test('the same file, sent in another way → another name and another variant or form', () => {
  const ways = [
    identityOf('as-is', 'RAW'),
    identityOf('converted', 'QCOW2'),
    // Without qemu-img, a compressed file is only decompressed.
    identityOf('converted', 'RAW'),
    identityOf('trimmed', 'QCOW2'),
  ];
  expect(new Set(ways.map(({ name }) => name)).size).toBe(ways.length);
  expect(identityOf('converted', 'RAW').variant).not.toBe(identityOf('converted', 'QCOW2').variant);
  expect(identityOf('trimmed', 'QCOW2').variant).not.toBe(identityOf('converted', 'QCOW2').variant);
});

test('the same inode on another host → another identity', () => {
  expect(identityOf('as-is', 'RAW').identity).not.toBe(identityOf('as-is', 'RAW', {}, 'two').identity);
});

test('another version of the file → another identity and name; a known digest → the name of the digest', () => {
  const other = { identity: '1:2:3:4:6', file: { ...file, version: '1:2:3:4:6' } };
  expect(identityOf('as-is', 'RAW', other)).not.toMatchObject({ identity: identityOf('as-is', 'RAW').identity });
  expect(identityOf('as-is', 'RAW', other).name).not.toBe(identityOf('as-is', 'RAW').name);
  const known = identityOf('as-is', 'RAW', { ...other, sha256: 'aa' });
  expect(known.name).toBe(identityOf('as-is', 'RAW', { sha256: 'aa' }, 'two').name);
});

test('an object in a CloudBox → shared with no other import', () => {
  const found = contentIdentity(source, { form: 'as-is', format: 'RAW' }, { host: 'one', isShared: false });
  expect(found).toMatchObject({ identity: null, sha256: null });
});
