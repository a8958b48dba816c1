/** Uploads of several imports on a real PostgreSQL. */
import { createUploadStore, type SharedUpload, type WantedUpload } from '../../../store/uploads.js';
import { joinedUpload } from './joined-upload.js';
import { startTestDatabase } from './test-database.js';

export const BUCKET = 'images';
export const LEASE_MS = 60_000;

export type StoredUploads = Awaited<ReturnType<typeof openStoredUploads>>;

export async function openStoredUploads() {
  const database = await startTestDatabase();
  const store = createUploadStore(database.pool);

  async function newImport(id: string): Promise<void> {
    await database.pool.query(
      `insert into ecs_image_import.imports (id, state, phase, request, progress, file_queue, request_digest)
     values ($1, 'running', 'upload', '{}', '{}', '', '')`,
      [id],
    );
  }

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

  return {
    database,
    store,
    newImport,
    join,
    end: (id: string) =>
      database.pool.query(`update ecs_image_import.imports set state = 'succeeded' where id = $1`, [id]),
    /** A complete upload of a new import. */
    async whole(importId: string): Promise<SharedUpload> {
      await newImport(importId);
      const upload = await join(importId);
      await store.claim(upload.id, `${importId}/1`, LEASE_MS);
      await store.finish(upload.id, { size: 10, crc64: '7', inspection: { format: 'QCOW2' } });
      return upload;
    },
    clear: () =>
      database.pool.query(
        'truncate ecs_image_import.uploads, ecs_image_import.imports, ecs_image_import.source_digests, ecs_image_import.source_contents cascade',
      ),
  };
}
