/** One object for the same content: how imports find and join it, and its upload lease, on a real PostgreSQL. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newImportId } from '../../domain/ids.js';
import { createUploadContents } from '../../store/upload-contents.js';
import { createUploadRanges } from '../../store/upload-ranges.js';
import { join as joinOwn } from '../support/store/joined-upload.js';
import { BUCKET, LEASE_MS, openStoredUploads, type StoredUploads } from '../support/store/stored-uploads.js';

let uploads: StoredUploads;

beforeAll(async () => {
  uploads = await openStoredUploads();
});
afterAll(() => uploads?.database.close());
beforeEach(() => uploads.clear());

describe('the same content', () => {
  test('in the same bucket and form → one object, with the key of the first import', async () => {
    await uploads.newImport('a');
    await uploads.newImport('b');
    const first = await uploads.join('a');
    const second = await uploads.join('b');
    expect(second).toEqual(first);
    expect(first.key).toBe('a/disk-1.raw');
  });

  test.each([
    ['another bucket', { bucket: 'other' }],
    ['another form', { form: 'converted' as const, key: 'b/disk-1.qcow2' }],
    ['another digest', { sha256: 'bb' }],
    ['an unknown digest', { sha256: null }],
    ['another prefix', { key: 'kept/b/disk-1.raw' }],
    ['another account', { account: 'prod' }],
    ['free blocks left out', { variant: 'RAW trim=free-space' }],
    ['another format of the object', { variant: 'QCOW2 trim=none' }],
  ])('with %s → another object', async (_name, changes) => {
    await uploads.newImport('a');
    await uploads.newImport('b');
    expect((await uploads.join('b', changes)).id).not.toBe((await uploads.join('a')).id);
  });

  test('whose digest becomes known → found by it; a second object with it is not', async () => {
    await uploads.newImport('a');
    await uploads.newImport('b');
    const first = await uploads.join('a', { sha256: null });
    const second = await uploads.join('b', { sha256: null });
    await Promise.all([uploads.store.noteSha256(first.id, 'cc'), uploads.store.noteSha256(second.id, 'cc')]);
    expect(await uploads.store.find({ bucket: BUCKET, sha256: 'cc', identity: null, prefix: null })).toHaveLength(1);
    await uploads.newImport('c');
    expect([first.id, second.id]).toContain((await uploads.join('c', { sha256: 'cc' })).id);
  });

  test('under a prefix that does not end with a slash → one object for each prefix', async () => {
    const ids = [1, 2, 3].map((time) => newImportId(time, new Uint8Array(10)));
    for (const id of ids) await uploads.newImport(id);
    const [one, two, three] = await Promise.all(
      ids.map((id, index) => uploads.join(id, { key: `${index === 2 ? '' : 'web-'}${id}/disk-1-aa.raw` })),
    );
    expect(two?.id).toBe(one?.id);
    expect(three?.id).not.toBe(one?.id);
    expect(await uploads.store.find({ bucket: BUCKET, sha256: 'aa', identity: null, prefix: 'web-' })).toMatchObject([
      { id: one?.id },
    ]);
    expect(await uploads.store.find({ bucket: BUCKET, sha256: 'aa', identity: null, prefix: null })).toHaveLength(2);
  });

  test('claimed by several imports → one at a time uploads it', async () => {
    await uploads.newImport('a');
    await uploads.newImport('b');
    const { id } = await uploads.join('a');
    await uploads.join('b');
    expect(await uploads.store.claim(id, 'a/1', LEASE_MS)).toMatchObject({ holder: 'a/1' });
    expect(await uploads.store.claim(id, 'b/1', LEASE_MS)).toBeNull();
    expect(await uploads.store.claim(id, 'a/1', LEASE_MS)).toMatchObject({ holder: 'a/1' });
    expect(await uploads.store.renew(id, 'a/1', LEASE_MS, { bytesDone: 5, bytesTotal: 10 })).toBe(true);
    expect(await uploads.store.get(id)).toMatchObject({ bytesDone: 5, bytesTotal: 10 });
  });

  test('whose lease has expired → taken over, with its upload id and recorded parts', async () => {
    await uploads.newImport('a');
    await uploads.newImport('b');
    const { id } = await uploads.join('a');
    await uploads.join('b');
    await uploads.store.claim(id, 'a/1', 1);
    await uploads.store.noteUploadId(id, 'U1', 'v1');
    await uploads.store.notePart(id, { number: 2, length: 100, crc64: '9' }, 'v1');
    await delay(20);
    expect(await uploads.store.claim(id, 'b/1', LEASE_MS)).toMatchObject({
      holder: 'b/1',
      uploadId: 'U1',
      sourceVersion: 'v1',
    });
    expect(await uploads.store.parts(id)).toEqual([{ number: 2, length: 100, crc64: '9' }]);
    expect(await uploads.store.renew(id, 'a/1', LEASE_MS, { bytesDone: 0, bytesTotal: 0 })).toBe(false);
  });

  test('that is completely uploaded → no lease is granted', async () => {
    const { id } = await uploads.whole('a');
    await uploads.newImport('b');
    expect(await uploads.join('b')).toMatchObject({
      id,
      state: 'whole',
      size: 10,
      crc64: '7',
      inspection: { format: 'QCOW2' },
    });
    expect(await uploads.store.claim(id, 'b/1', LEASE_MS)).toBeNull();
    expect(await uploads.store.parts(id)).toEqual([]);
  });

  test('whose object no longer exists → uploaded again, and earlier requests to keep it no longer apply', async () => {
    const { id, key } = await uploads.whole('a');
    expect(await uploads.store.release('a', BUCKET, key, true)).toEqual({ kind: 'kept' });
    await uploads.newImport('b');
    await uploads.join('b');
    await uploads.store.reopen(id);
    expect(await uploads.store.claim(id, 'b/1', LEASE_MS)).toMatchObject({ state: 'open', crc64: null });
    expect(await uploads.store.release('b', BUCKET, key, false)).toEqual({ kind: 'remove', id });
  });
});

test('a new upload id or version of the source → the recorded parts are deleted', async () => {
  await uploads.newImport('a');
  const { id } = await uploads.join('a');
  for (const [uploadId, version] of [
    ['U1', 'v1'],
    ['U2', 'v1'],
    ['U2', 'v2'],
  ] as const) {
    await uploads.store.noteUploadId(id, uploadId, version);
    expect(await uploads.store.parts(id)).toEqual([]);
    await uploads.store.notePart(id, { number: 1, length: 100, crc64: '9' }, 'version of a frozen attempt');
    expect(await uploads.store.parts(id)).toEqual([]);
    await uploads.store.notePart(id, { number: 1, length: 100, crc64: '9' }, version);
    await uploads.store.noteUploadId(id, uploadId, version);
    expect(await uploads.store.parts(id)).toHaveLength(1);
  }
});

test('a part that a frozen attempt read from another version of the source → not noted', async () => {
  await uploads.newImport('a');
  const { id } = await uploads.join('a');
  const holder = 'a/1';
  await uploads.store.claim(id, holder, LEASE_MS);
  await uploads.store.noteUploadId(id, 'U1', 'v2');
  const ranges = createUploadRanges(uploads.database.pool);
  await ranges.claimLevel({ upload: id, holder }, 2, 1);
  const range = { number: 2, length: 100, crc64: '9', etag: 'e', clusters: Buffer.alloc(1), digest: null };
  const writer = { upload: id, holder, uploadId: 'U1' };
  expect(await ranges.note({ ...writer, sourceVersion: 'v1' }, range)).toBe(false);
  expect(await ranges.note({ ...writer, sourceVersion: 'v2' }, range)).toBe(true);
});

test('a digest → returned only for the version that it was computed from', async () => {
  expect(await uploads.store.digest('host 1:2:3')).toBeNull();
  await uploads.store.noteDigest('host 1:2:3', 'aa');
  await uploads.store.noteDigest('host 1:2:3', 'bb');
  expect(await uploads.store.digest('host 1:2:3')).toBe('bb');
  expect(await uploads.store.digest('host 1:2:4')).toBeNull();
});

describe('the import that joins its own object', () => {
  const ledgerOf = async (id: string) => {
    const { rows } = await uploads.database.pool.query<{ kind: string; status: string }>(
      'select kind, status from ecs_image_import.ledger where import_id = $1 order by kind',
      [id],
    );
    return rows.map(({ kind, status }) => `${kind} ${status}`);
  };
  const joinAs = (importId: string) =>
    joinOwn(uploads.store, importId, {
      ...{ regionId: 'cn-hangzhou', bucket: BUCKET, key: `${importId}/disk-1.raw` },
      ...{ sha256: 'aa', identity: null, form: 'as-is', variant: 'RAW trim=none' },
    });

  test('→ its intentions are in the ledger, and it has the lease', async () => {
    await uploads.newImport('a');
    const { upload, ...rest } = await joinAs('a');
    expect(rest).toEqual({ isIntended: true, isClaimed: true });
    expect(upload.holder).toBe('a/1');
    expect(await ledgerOf('a')).toEqual(['multipart-upload intended', 'object intended']);
    expect(await uploads.store.claim(upload.id, 'b/1', LEASE_MS)).toBeNull();
  });

  test('of another import → no lease and no entry, also where no lease is held', async () => {
    await uploads.newImport('a');
    await uploads.newImport('b');
    const { upload } = await joinAs('a');
    await uploads.store.handOver(upload.id, 'a/1');
    expect(await joinAs('b')).toMatchObject({ isIntended: false, isClaimed: false, upload: { id: upload.id } });
    expect(await ledgerOf('b')).toEqual([]);
  });

  test('whose lease another import has taken over → the object is intended, and the lease stays', async () => {
    await uploads.newImport('a');
    const { upload } = await joinAs('a');
    await uploads.store.handOver(upload.id, 'a/1');
    await uploads.store.claim(upload.id, 'b/1', LEASE_MS);
    expect(await joinAs('a')).toMatchObject({ isIntended: true, isClaimed: false, upload: { holder: 'b/1' } });
  });

  test.each([
    ['a newer attempt has begun', 'update ecs_image_import.imports set version = 9 where id = $1'],
    ['it has ended', `update ecs_image_import.imports set state = 'failed' where id = $1`],
  ])('%s → refused: no entry, no reference, no upload', async (_name, change) => {
    await uploads.newImport('a');
    await uploads.database.pool.query(change, ['a']);
    await expect(joinAs('a')).rejects.toThrow('Import.Superseded');
    expect(await ledgerOf('a')).toEqual([]);
    expect(await uploads.store.usedBy('a')).toEqual([]);
    expect(await uploads.store.find({ bucket: BUCKET, sha256: 'aa', identity: null, prefix: null })).toEqual([]);
  });
});

const step = (importId: string) => ({ importId, version: 1, phase: 'upload' }) as const;

describe('an attempt that was frozen and wakes', () => {
  test.each([
    ['a newer attempt has begun', 'update ecs_image_import.imports set version = 9 where id = $1'],
    ['its import has ended', `update ecs_image_import.imports set state = 'failed' where id = $1`],
  ])('%s → it gets no reference to the object of another import', async (_name, change) => {
    const contents = createUploadContents(uploads.database.pool);
    const { id } = await uploads.whole('a');
    await uploads.newImport('b');
    await uploads.database.pool.query(change, ['b']);
    await expect(uploads.join('b')).rejects.toThrow('Import.Superseded');
    await expect(contents.use(id, step('b'))).rejects.toThrow('Import.Superseded');
    expect(await uploads.store.usedBy('b')).toEqual([]);
  });
});

describe('the content of a disk', () => {
  const ranges = new Uint8Array([1, 2, 3]);
  const variant = 'RAW trim=none';
  const scope = { bucket: BUCKET, prefix: '', form: 'as-is' as const, variant };

  test('noted for a complete object → found in its scope by its layout only, and joined by the content', async () => {
    const contents = createUploadContents(uploads.database.pool);
    const { id } = await uploads.whole('a');
    await contents.note(id, { layout: 'L', digest: 'dd', ranges });
    expect(await contents.finished(scope, 'L')).toEqual([{ id, layout: 'L', digest: 'dd', ranges }]);
    const others = [
      contents.finished(scope, 'M'),
      ...[
        { bucket: 'other' },
        { prefix: 'kept/' },
        { account: 'prod' },
        { variant: '' },
        { form: 'trimmed' as const },
      ].map((change) => contents.finished({ ...scope, ...change }, 'L')),
    ];
    expect((await Promise.all(others)).flat()).toEqual([]);
    const trimmed = 'RAW trim=free-space';
    for (const one of [variant, trimmed]) await contents.remember('host 1', one, 'dd');
    await uploads.newImport('b');
    expect((await uploads.join('b', { sha256: null, identity: 'host 1' })).id).toBe(id);
    await uploads.newImport('c');
    expect((await uploads.join('c', { sha256: null, identity: 'host 1', variant: trimmed })).id).not.toBe(id);
  });

  test('of an object that is not complete → not used, and no upload remains without a reference', async () => {
    const contents = createUploadContents(uploads.database.pool);
    await uploads.newImport('a');
    const { id } = await uploads.join('a');
    await contents.note(id, { layout: 'L', digest: 'dd', ranges });
    expect(await contents.finished(scope, 'L')).toEqual([]);
    expect(await contents.use(id, step('a'))).toBe(false);
    await contents.remember('host 1', variant, 'dd');
    await uploads.newImport('b');
    expect((await uploads.join('b', { sha256: null, identity: 'host 1' })).id).not.toBe(id);
    const { rows } = await uploads.database.pool.query(
      'select u.id from ecs_image_import.uploads u left join ecs_image_import.upload_holds h on h.upload = u.id where h.upload is null',
    );
    expect(rows).toEqual([]);
  });

  test('of an object that an import uses → the object remains until that import releases it', async () => {
    const contents = createUploadContents(uploads.database.pool);
    const { id, bucket, key } = await uploads.whole('a');
    await uploads.newImport('b');
    expect(await contents.use(id, step('b'))).toBe(true);
    expect(await uploads.store.release('a', bucket, key, false)).toMatchObject({ kind: 'in-use', by: 'b' });
    expect(await uploads.store.release('b', bucket, key, false)).toMatchObject({ kind: 'remove' });
    expect(await contents.use(id, step('a'))).toBe(false);
  });

  test('of a version of a file → the latest one is remembered', async () => {
    const contents = createUploadContents(uploads.database.pool);
    await contents.remember('host 1', variant, 'dd');
    await contents.remember('host 1', variant, 'ee');
    const { rows } = await uploads.database.pool.query('select version, content from ecs_image_import.source_contents');
    expect(rows).toContainEqual({ version: 'host 1', content: 'ee' });
  });
});
