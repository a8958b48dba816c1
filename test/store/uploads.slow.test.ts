/** One object for the same content: its references, its upload lease and its deletion, on a real PostgreSQL. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newImportId } from '../../domain/ids.js';
import { createUploadContents } from '../../store/upload-contents.js';
import { createUploadStore, type SharedUpload, type UploadStore, type WantedUpload } from '../../store/uploads.js';
import { joinedUpload, join as joinOwn } from '../support/store/joined-upload.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const BUCKET = 'images';
const LEASE = 60_000;

let database: TestDatabase;
let store: UploadStore;

beforeAll(async () => {
  database = await startTestDatabase();
  store = createUploadStore(database.pool);
});
afterAll(() => database?.close());
beforeEach(() =>
  database.pool.query(
    'truncate ecs_image_import.uploads, ecs_image_import.imports, ecs_image_import.source_digests, ecs_image_import.source_contents cascade',
  ),
);

async function newImport(id: string): Promise<void> {
  await database.pool.query(
    `insert into ecs_image_import.imports (id, state, phase, request, progress, file_queue, request_digest)
     values ($1, 'running', 'upload', '{}', '{}', '', '')`,
    [id],
  );
}

const end = (id: string) =>
  database.pool.query(`update ecs_image_import.imports set state = 'succeeded' where id = $1`, [id]);

function join(importId: string, changes: Partial<WantedUpload> = {}): Promise<SharedUpload> {
  return joinedUpload(store, importId, {
    ...{
      regionId: 'cn-hangzhou',
      bucket: BUCKET,
      sha256: 'aa',
      identity: null,
      form: 'as-is',
      variant: 'RAW trim=none',
      key: `${importId}/disk-1.raw`,
    },
    ...changes,
  });
}

async function whole(importId: string): Promise<SharedUpload> {
  await newImport(importId);
  const upload = await join(importId);
  await store.claim(upload.id, `${importId}/1`, LEASE);
  await store.finish(upload.id, { size: 10, crc64: '7', inspection: { format: 'QCOW2' } });
  return upload;
}

describe('the same content', () => {
  test('in the same bucket and form → one object, with the key of the first import', async () => {
    await newImport('a');
    await newImport('b');
    const first = await join('a');
    const second = await join('b');
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
    await newImport('a');
    await newImport('b');
    expect((await join('b', changes)).id).not.toBe((await join('a')).id);
  });

  test('whose digest becomes known → found by it; a second object with it is not', async () => {
    await newImport('a');
    await newImport('b');
    const first = await join('a', { sha256: null });
    const second = await join('b', { sha256: null });
    await Promise.all([store.noteSha256(first.id, 'cc'), store.noteSha256(second.id, 'cc')]);
    expect(await store.find({ bucket: BUCKET, sha256: 'cc', identity: null, prefix: null })).toHaveLength(1);
    await newImport('c');
    expect([first.id, second.id]).toContain((await join('c', { sha256: 'cc' })).id);
  });

  test('under a prefix that does not end with a slash → one object for each prefix', async () => {
    const ids = [1, 2, 3].map((time) => newImportId(time, new Uint8Array(10)));
    for (const id of ids) await newImport(id);
    const [one, two, three] = await Promise.all(
      ids.map((id, index) => join(id, { key: `${index === 2 ? '' : 'web-'}${id}/disk-1-aa.raw` })),
    );
    expect(two?.id).toBe(one?.id);
    expect(three?.id).not.toBe(one?.id);
    expect(await store.find({ bucket: BUCKET, sha256: 'aa', identity: null, prefix: 'web-' })).toMatchObject([
      { id: one?.id },
    ]);
    expect(await store.find({ bucket: BUCKET, sha256: 'aa', identity: null, prefix: null })).toHaveLength(2);
  });

  test('claimed by several imports → one at a time uploads it', async () => {
    await newImport('a');
    await newImport('b');
    const { id } = await join('a');
    await join('b');
    expect(await store.claim(id, 'a/1', LEASE)).toMatchObject({ holder: 'a/1' });
    expect(await store.claim(id, 'b/1', LEASE)).toBeNull();
    expect(await store.claim(id, 'a/1', LEASE)).toMatchObject({ holder: 'a/1' });
    expect(await store.renew(id, 'a/1', LEASE, { bytesDone: 5, bytesTotal: 10 })).toBe(true);
    expect(await store.get(id)).toMatchObject({ bytesDone: 5, bytesTotal: 10 });
  });

  test('whose lease has expired → taken over, with its upload id and recorded parts', async () => {
    await newImport('a');
    await newImport('b');
    const { id } = await join('a');
    await join('b');
    await store.claim(id, 'a/1', 1);
    await store.noteUploadId(id, 'U1', 'v1');
    await store.notePart(id, { number: 2, length: 100, crc64: '9' });
    await delay(20);
    expect(await store.claim(id, 'b/1', LEASE)).toMatchObject({ holder: 'b/1', uploadId: 'U1', sourceVersion: 'v1' });
    expect(await store.parts(id)).toEqual([{ number: 2, length: 100, crc64: '9' }]);
    expect(await store.renew(id, 'a/1', LEASE, { bytesDone: 0, bytesTotal: 0 })).toBe(false);
  });

  test('that is completely uploaded → no lease is granted', async () => {
    const { id } = await whole('a');
    await newImport('b');
    expect(await join('b')).toMatchObject({
      id,
      state: 'whole',
      size: 10,
      crc64: '7',
      inspection: { format: 'QCOW2' },
    });
    expect(await store.claim(id, 'b/1', LEASE)).toBeNull();
    expect(await store.parts(id)).toEqual([]);
  });

  test('whose object no longer exists → uploaded again, and earlier requests to keep it no longer apply', async () => {
    const { id, key } = await whole('a');
    expect(await store.release('a', BUCKET, key, true)).toEqual({ kind: 'kept' });
    await newImport('b');
    await join('b');
    await store.reopen(id);
    expect(await store.claim(id, 'b/1', LEASE)).toMatchObject({ state: 'open', crc64: null });
    expect(await store.release('b', BUCKET, key, false)).toEqual({ kind: 'remove', id });
  });
});

test('a new upload id or version of the source → the recorded parts are deleted', async () => {
  await newImport('a');
  const { id } = await join('a');
  for (const [uploadId, version] of [
    ['U1', 'v1'],
    ['U2', 'v1'],
    ['U2', 'v2'],
  ] as const) {
    await store.noteUploadId(id, uploadId, version);
    expect(await store.parts(id)).toEqual([]);
    await store.notePart(id, { number: 1, length: 100, crc64: '9' });
    await store.noteUploadId(id, uploadId, version);
    expect(await store.parts(id)).toHaveLength(1);
  }
});

describe('the object', () => {
  const release = (importId: string, keep = false) => store.release(importId, BUCKET, 'a/disk-1.raw', keep);

  test('released by its users → removed by the last of them only', async () => {
    const { id } = await whole('a');
    await newImport('b');
    await join('b');
    expect(await release('a')).toEqual({ kind: 'in-use', by: 'b' });
    expect(await release('a')).toEqual({ kind: 'in-use', by: 'b' });
    expect(await release('b')).toEqual({ kind: 'remove', id });
  });

  test('whose removal was not confirmed before a crash → removed again', async () => {
    const { id } = await whole('a');
    expect(await release('a')).toEqual({ kind: 'remove', id });
    expect(await release('a')).toEqual({ kind: 'remove', id });
    expect(await store.usedBy('a')).toMatchObject([{ id, state: 'removing' }]);
    await store.forget(id);
    expect(await release('a')).toEqual({ kind: 'unknown' });
    expect(await store.usedBy('a')).toEqual([]);
  });

  test('that is being removed → not joined; another object is created', async () => {
    const { id } = await whole('a');
    await release('a');
    await newImport('b');
    const next = await join('b');
    expect(next).toMatchObject({ state: 'open', key: 'b/disk-1.raw' });
    await store.forget(id);
    expect(await store.get(next.id)).toMatchObject({ id: next.id });
  });

  test('that one user requested to keep → kept', async () => {
    await whole('a');
    await newImport('b');
    await join('b');
    expect(await release('a', true)).toEqual({ kind: 'in-use', by: 'b' });
    expect(await release('b')).toEqual({ kind: 'kept' });
    await newImport('c');
    expect(await join('c')).toMatchObject({ state: 'whole' });
    expect(await release('c')).toEqual({ kind: 'kept' });
  });

  test('that was never completed → not kept', async () => {
    await newImport('a');
    const { id } = await join('a');
    expect(await release('a', true)).toEqual({ kind: 'remove', id });
  });

  test('with a reference of an ended import → the reference does not count', async () => {
    const { id } = await whole('a');
    await newImport('b');
    await join('b');
    await end('b');
    expect(await release('a')).toEqual({ kind: 'remove', id });
  });

  test('released in the middle of the upload → another import continues immediately', async () => {
    await newImport('a');
    await newImport('b');
    const { id } = await join('a');
    await join('b');
    await store.claim(id, 'a/1', LEASE);
    await release('a');
    expect(await store.claim(id, 'b/1', LEASE)).toMatchObject({ holder: 'b/1' });
  });
});

test('random crashes of concurrent imports → no object in use is deleted, and none remains', async () => {
  const cloud = new Set<string>();
  const lost: string[] = [];
  let sent = 0;
  class Crashed extends Error {}
  /** The process crashes at one in eight steps; the next one starts the import from the beginning. */
  const mayDie = () => {
    if (Math.random() < 1 / 8) throw new Crashed();
  };

  const runImport = async (importId: string, sha256: string, seen: { key: string | null }) => {
    if (seen.key === null) {
      const upload = await join(importId, { sha256 });
      mayDie();
      const holder = `${importId}/1`;
      let state = await store.get(upload.id);
      while (state?.state === 'open') {
        if ((await store.claim(upload.id, holder, 30)) === null) {
          await delay(5);
        } else {
          mayDie();
          cloud.add(upload.key);
          sent += 1;
          mayDie();
          await store.finish(upload.id, { size: 1, crc64: '1', inspection: null });
        }
        state = await store.get(upload.id);
      }
      mayDie();
      seen.key = upload.key;
    }
    if (!cloud.has(seen.key)) lost.push(seen.key);
    await delay(Math.random() * 10);
    if (!cloud.has(seen.key)) lost.push(seen.key);
  };
  const cleanUp = async (importId: string) => {
    for (const { key } of await store.usedBy(importId)) {
      const outcome = await store.release(importId, BUCKET, key, false);
      mayDie();
      if (outcome.kind !== 'remove') continue;
      cloud.delete(key);
      mayDie();
      await store.forget(outcome.id);
    }
    mayDie();
    await end(importId);
  };
  const untilDone = async (step: () => Promise<void>) => {
    for (;;) {
      try {
        return await step();
      } catch (error) {
        if (!(error instanceof Crashed)) throw error;
      }
    }
  };

  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const importId = `i${index}`;
      const seen = { key: null };
      await newImport(importId);
      await delay(Math.random() * 100);
      await untilDone(() => runImport(importId, `content-${index % 3}`, seen));
      await untilDone(() => cleanUp(importId));
    }),
  );
  expect(lost).toEqual([]);
  expect([...cloud]).toEqual([]);
  expect((await database.pool.query('select * from ecs_image_import.uploads')).rows).toEqual([]);
  expect(sent).toBeLessThan(40);
});

test('a digest → returned only for the version that it was computed from', async () => {
  expect(await store.digest('host 1:2:3')).toBeNull();
  await store.noteDigest('host 1:2:3', 'aa');
  await store.noteDigest('host 1:2:3', 'bb');
  expect(await store.digest('host 1:2:3')).toBe('bb');
  expect(await store.digest('host 1:2:4')).toBeNull();
});

describe('the import that joins its own object', () => {
  const ledgerOf = async (id: string) => {
    const { rows } = await database.pool.query<{ kind: string; status: string }>(
      'select kind, status from ecs_image_import.ledger where import_id = $1 order by kind',
      [id],
    );
    return rows.map(({ kind, status }) => `${kind} ${status}`);
  };
  const joinAs = (importId: string) =>
    joinOwn(store, importId, {
      ...{ regionId: 'cn-hangzhou', bucket: BUCKET, key: `${importId}/disk-1.raw` },
      ...{ sha256: 'aa', identity: null, form: 'as-is', variant: 'RAW trim=none' },
    });

  test('→ its intentions are in the ledger, and it has the lease', async () => {
    await newImport('a');
    const { upload, ...rest } = await joinAs('a');
    expect(rest).toEqual({ isIntended: true, isClaimed: true });
    expect(upload.holder).toBe('a/1');
    expect(await ledgerOf('a')).toEqual(['multipart-upload intended', 'object intended']);
    expect(await store.claim(upload.id, 'b/1', LEASE)).toBeNull();
  });

  test('of another import → no lease and no entry, also where no lease is held', async () => {
    await newImport('a');
    await newImport('b');
    const { upload } = await joinAs('a');
    await store.handOver(upload.id, 'a/1');
    expect(await joinAs('b')).toMatchObject({ isIntended: false, isClaimed: false, upload: { id: upload.id } });
    expect(await ledgerOf('b')).toEqual([]);
  });

  test('whose lease another import has taken over → the object is intended, and the lease stays', async () => {
    await newImport('a');
    const { upload } = await joinAs('a');
    await store.handOver(upload.id, 'a/1');
    await store.claim(upload.id, 'b/1', LEASE);
    expect(await joinAs('a')).toMatchObject({ isIntended: true, isClaimed: false, upload: { holder: 'b/1' } });
  });

  test.each([
    ['a newer attempt has begun', 'update ecs_image_import.imports set version = 9 where id = $1'],
    ['it has ended', `update ecs_image_import.imports set state = 'failed' where id = $1`],
  ])('%s → refused: no entry, no reference, no upload', async (_name, change) => {
    await newImport('a');
    await database.pool.query(change, ['a']);
    await expect(joinAs('a')).rejects.toThrow('Import.Superseded');
    expect(await ledgerOf('a')).toEqual([]);
    expect(await store.usedBy('a')).toEqual([]);
    expect(await store.find({ bucket: BUCKET, sha256: 'aa', identity: null, prefix: null })).toEqual([]);
  });
});

const step = (importId: string) => ({ importId, version: 1, phase: 'upload' }) as const;

describe('an attempt that was frozen and wakes', () => {
  test.each([
    ['a newer attempt has begun', 'update ecs_image_import.imports set version = 9 where id = $1'],
    ['its import has ended', `update ecs_image_import.imports set state = 'failed' where id = $1`],
  ])('%s → it gets no reference to the object of another import', async (_name, change) => {
    const contents = createUploadContents(database.pool);
    const { id } = await whole('a');
    await newImport('b');
    await database.pool.query(change, ['b']);
    await expect(join('b')).rejects.toThrow('Import.Superseded');
    await expect(contents.use(id, step('b'))).rejects.toThrow('Import.Superseded');
    expect(await store.usedBy('b')).toEqual([]);
  });
});

describe('the content of a disk', () => {
  const ranges = new Uint8Array([1, 2, 3]);
  const variant = 'RAW trim=none';
  const scope = { bucket: BUCKET, prefix: '', form: 'as-is' as const, variant };

  test('noted for a complete object → found in its scope by its layout only, and joined by the content', async () => {
    const contents = createUploadContents(database.pool);
    const { id } = await whole('a');
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
    await newImport('b');
    expect((await join('b', { sha256: null, identity: 'host 1' })).id).toBe(id);
    await newImport('c');
    expect((await join('c', { sha256: null, identity: 'host 1', variant: trimmed })).id).not.toBe(id);
  });

  test('of an object that is not complete → not used, and no upload remains without a reference', async () => {
    const contents = createUploadContents(database.pool);
    await newImport('a');
    const { id } = await join('a');
    await contents.note(id, { layout: 'L', digest: 'dd', ranges });
    expect(await contents.finished(scope, 'L')).toEqual([]);
    expect(await contents.use(id, step('a'))).toBe(false);
    await contents.remember('host 1', variant, 'dd');
    await newImport('b');
    expect((await join('b', { sha256: null, identity: 'host 1' })).id).not.toBe(id);
    const { rows } = await database.pool.query(
      'select u.id from ecs_image_import.uploads u left join ecs_image_import.upload_holds h on h.upload = u.id where h.upload is null',
    );
    expect(rows).toEqual([]);
  });

  test('of an object that an import uses → the object remains until that import releases it', async () => {
    const contents = createUploadContents(database.pool);
    const { id, bucket, key } = await whole('a');
    await newImport('b');
    expect(await contents.use(id, step('b'))).toBe(true);
    expect(await store.release('a', bucket, key, false)).toMatchObject({ kind: 'in-use', by: 'b' });
    expect(await store.release('b', bucket, key, false)).toMatchObject({ kind: 'remove' });
    expect(await contents.use(id, step('a'))).toBe(false);
  });

  test('of a version of a file → the latest one is remembered', async () => {
    const contents = createUploadContents(database.pool);
    await contents.remember('host 1', variant, 'dd');
    await contents.remember('host 1', variant, 'ee');
    const { rows } = await database.pool.query('select version, content from ecs_image_import.source_contents');
    expect(rows).toContainEqual({ version: 'host 1', content: 'ee' });
  });
});
