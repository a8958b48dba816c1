/**
 * Uploaded objects with a reference count of the imports that use them. Imports of the same content into one bucket and prefix
 * share one object within an account; the last of them deletes it. A process may crash at any line here: other imports take over its leases and references.
 */

import type pg from 'pg';
import type { LedgerWrite } from '../domain/ledger.js';
import { jsonText } from './json-text.js';
import { superseded } from './ledger.js';
import { storedNotes } from './step-notes.js';
import type { StepWrite } from './step-write.js';

/** The content of an object: the bytes of the source, or an image converted from them. */
/** `trimmed`: converted, without the free blocks of its file systems. */
export type UploadForm = 'as-is' | 'converted' | 'trimmed';

export interface SharedUpload {
  readonly id: number;
  readonly regionId: string;
  readonly bucket: string;
  readonly key: string;
  readonly sha256: string | null;
  readonly form: UploadForm;
  readonly variant: string;
  readonly state: 'open' | 'whole' | 'removing';
  readonly holder: string | null;
  readonly uploadId: string | null;
  readonly sourceVersion: string | null;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly crc64: string | null;
  readonly size: number | null;
  /** The inspection of a converted image, as passed to `finish`. */
  readonly inspection: object | null;
}

export interface WantedUpload {
  /** Of the request; undefined: that of the worker's own credentials. */
  readonly account?: string | undefined;
  readonly regionId: string;
  readonly bucket: string;
  /** Used only if the object does not exist yet. */
  readonly key: string;
  /** Of the source's bytes; null: not known. */
  readonly sha256: string | null;
  /** Of the source, where it cannot be changing; null: no other import joins by it. */
  readonly identity: string | null;
  readonly form: UploadForm;
  /** What is done to the content besides its form: imports that want another one do not share the object. */
  readonly variant: string;
}

/** What is written with the reference to a new object, and the lease on its upload. */
export interface UploadIntention {
  readonly holder: string;
  readonly leaseMs: number;
  /** Of the object with the wanted key. */
  readonly object: LedgerWrite<'object'>;
  /** Written if the lease is taken. */
  readonly upload: LedgerWrite<'multipart-upload'>;
}

export interface JoinedUpload {
  readonly upload: SharedUpload;
  /** False: it is the object of another import, and nothing is written to the ledger. */
  readonly isIntended: boolean;
  /** The caller holds the lease. Never of another import's object. */
  readonly isClaimed: boolean;
}

interface JoinedRow {
  readonly written: boolean;
  readonly intended: boolean;
  readonly claimed: boolean;
  readonly upload: UploadRow;
}

/** The uploads of one content in one account. */
export interface WantedContent extends Pick<WantedUpload, 'account' | 'bucket' | 'sha256' | 'identity'> {
  /** Of the key; null: any. */
  readonly prefix: string | null;
}

export interface NotedPart {
  readonly number: number;
  readonly length: number;
  readonly crc64: string;
}

export type Release =
  /** The caller was the last user: it deletes the object and its unfinished uploads, then calls `forget`. */
  | { readonly kind: 'remove'; readonly id: number }
  /** `by`: another import that still uses the object. */
  | { readonly kind: 'in-use'; readonly by: string }
  | { readonly kind: 'kept' }
  /** Already deleted. */
  | { readonly kind: 'unknown' };

export interface UploadRow {
  /** Text in a row, a number in JSON. */
  readonly id: string | number;
  readonly region_id: string;
  readonly bucket: string;
  readonly key: string;
  readonly sha256: string | null;
  readonly form: UploadForm;
  readonly variant: string;
  readonly state: SharedUpload['state'];
  readonly holder: string | null;
  readonly upload_id: string | null;
  readonly source_version: string | null;
  readonly bytes_done: string | number;
  readonly bytes_total: string | number;
  readonly crc64: string | null;
  readonly size: string | number | null;
  readonly inspection: object | null;
}

export type UploadStore = ReturnType<typeof createUploadStore>;

const DIGESTS_KEPT_DAYS = 90;
const UNIQUE_VIOLATION = '23505';

export function createUploadStore(pool: pg.Pool) {
  const one = async (sql: string, values: readonly unknown[]): Promise<SharedUpload | null> => {
    const { rows } = await pool.query<UploadRow>(sql, [...values]);
    return rows[0] === undefined ? null : toUpload(rows[0]);
  };

  return {
    /** The uploads of this content in any form, finished ones first. Does not add a reference. */
    async find({ account = '', bucket, sha256, identity, prefix }: WantedContent): Promise<readonly SharedUpload[]> {
      const { rows } = await pool.query<UploadRow>(
        `select * from ecs_image_import.uploads
         where bucket = $1 and (sha256 = $2 or identity = $3) and account = $4 and ($5::text is null or prefix = $5)
           and state <> 'removing'
         order by state desc, id`,
        [bucket, sha256, identity, account, prefix],
      );
      return rows.map(toUpload);
    },

    /**
     * Finds or creates the upload for this content, adds a reference of the import, and takes the lease on its own object. Throws
     * `Import.Superseded` and writes nothing if the import has ended or a newer step or attempt has begun.
     */
    join(step: StepWrite, wanted: WantedUpload, intention: UploadIntention): Promise<JoinedUpload> {
      const join = () => joinNow(pool, step, wanted, intention);
      return step.pending === undefined ? join() : step.pending.inTurn(join);
    },

    get: (id: number) => one('select * from ecs_image_import.uploads where id = $1', [id]),

    /** Takes the lease on the upload. Null: another import holds the lease, or the upload is complete. */
    claim: (id: number, holder: string, leaseMs: number) =>
      one(
        `update ecs_image_import.uploads set holder = $2, lease_until = now() + $3 * interval '1 millisecond', updated_at = now()
         where id = $1 and state = 'open' and (holder is null or holder = $2 or lease_until < now())
         returning *`,
        [id, holder, leaseMs],
      ),

    /** False: the lease was lost to another import. */
    async renew(
      id: number,
      holder: string,
      leaseMs: number,
      progress: { readonly bytesDone: number; readonly bytesTotal: number },
    ): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update ecs_image_import.uploads set lease_until = now() + $3 * interval '1 millisecond', bytes_done = $4, bytes_total = $5
         where id = $1 and holder = $2 and state = 'open'`,
        [id, holder, leaseMs, progress.bytesDone, progress.bytesTotal],
      );
      return rowCount === 1;
    },

    /** Releases the lease, so that a waiting import can continue immediately. */
    async handOver(id: number, holder: string): Promise<void> {
      await pool.query(
        'update ecs_image_import.uploads set holder = null, lease_until = null where id = $1 and holder = $2',
        [id, holder],
      );
    },

    /** Records the upload id. If it or the version of the source has changed, the recorded parts are deleted. */
    async noteUploadId(id: number, uploadId: string, sourceVersion: string | null): Promise<void> {
      await pool.query(
        `with changed as (
           update ecs_image_import.uploads set upload_id = $2, source_version = $3, crc64 = null, updated_at = now()
           where id = $1 and (upload_id is distinct from $2 or source_version is distinct from $3)
           returning id
         ), ranges as (
           delete from ecs_image_import.upload_ranges using changed where upload = changed.id
         )
         delete from ecs_image_import.upload_parts using changed where upload = changed.id`,
        [id, uploadId, sourceVersion],
      );
    },

    /** Notes nothing if another version of the source is recorded by now. */
    async notePart(id: number, part: NotedPart, sourceVersion: string | null): Promise<void> {
      await pool.query(
        `insert into ecs_image_import.upload_parts (upload, number, length, crc64)
         select id, $2, $3, $4 from ecs_image_import.uploads where id = $1 and source_version is not distinct from $5
         on conflict (upload, number) do update set length = excluded.length, crc64 = excluded.crc64`,
        [id, part.number, part.length, part.crc64, sourceVersion],
      );
    },

    async parts(id: number): Promise<readonly NotedPart[]> {
      const { rows } = await pool.query<{ number: number; length: string; crc64: string }>(
        'select number, length, crc64 from ecs_image_import.upload_parts where upload = $1 order by number',
        [id],
      );
      return rows.map((row) => ({ ...row, length: Number(row.length) }));
    },

    async noteWhole(id: number, crc64: string): Promise<void> {
      await pool.query('update ecs_image_import.uploads set crc64 = $2, updated_at = now() where id = $1', [id, crc64]);
    },

    /** The source of an upload had this digest: other imports find the object by it, unless they find another one already. */
    async noteSha256(id: number, sha256: string): Promise<void> {
      const noted = pool.query(
        `update ecs_image_import.uploads u set sha256 = $2 where id = $1 and sha256 is null and state <> 'removing'
           and not exists (
             select 1 from ecs_image_import.uploads o
             where o.account = u.account and o.bucket = u.bucket and o.prefix = u.prefix and o.sha256 = $2 and o.form = u.form
               and o.variant = u.variant and o.state <> 'removing')`,
        [id, sha256],
      );
      // Another import may have noted it for another object at the same time.
      await noted.catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION)) throw error;
      });
    },

    /** @returns the complete upload; null: it was complete before, or does not exist */
    finish: (
      id: number,
      object: { readonly size: number; readonly crc64: string; readonly inspection: object | null },
    ): Promise<SharedUpload | null> =>
      one(
        `with done as (
           update ecs_image_import.uploads
           set state = 'whole', size = $2, crc64 = $3, inspection = $4, holder = null, lease_until = null, upload_id = null,
               bytes_done = $2, bytes_total = $2, updated_at = now()
           where id = $1 and state = 'open' returning *
         ), ranges as (
           delete from ecs_image_import.upload_ranges using done where upload = done.id
         ), parts as (
           delete from ecs_image_import.upload_parts using done where upload = done.id
         )
         select * from done`,
        [id, object.size, object.crc64, object.inspection === null ? null : jsonText(object.inspection)],
      ),

    /** A later inspection of the complete object. */
    async noteInspection(id: number, inspection: object): Promise<void> {
      await pool.query(`update ecs_image_import.uploads set inspection = $2 where id = $1 and state = 'whole'`, [
        id,
        jsonText(inspection),
      ]);
    },

    /** The completed object no longer exists: it is uploaded again, and an earlier request to keep it no longer applies. */
    async reopen(id: number): Promise<void> {
      await pool.query(
        `update ecs_image_import.uploads set state = 'open', kept = false, crc64 = null, size = null, bytes_done = 0, updated_at = now()
         where id = $1 and state = 'whole'`,
        [id],
      );
    },

    /**
     * Every object that the import has used and that is not deleted yet, including released ones: a cleanup that is retried
     * after the release must know that other imports may use the objects in its ledger.
     */
    async usedBy(importId: string): Promise<readonly SharedUpload[]> {
      const { rows } = await pool.query<UploadRow>(
        'select u.* from ecs_image_import.uploads u join ecs_image_import.upload_holds h on h.upload = u.id where h.import_id = $1 order by u.id',
        [importId],
      );
      return rows.map(toUpload);
    },

    /** Removes the reference of the import. Idempotent until `forget`: a repeated call after a crash returns the same result. */
    async release(importId: string, bucket: string, key: string, keep: boolean): Promise<Release> {
      const { rows } = await pool.query<{ release: Release }>(
        'select ecs_image_import.release_upload($1, $2, $3, $4) as release',
        [importId, bucket, key, keep],
      );
      return rows[0]?.release ?? { kind: 'unknown' };
    },

    /** Deletes the row after the object was deleted. */
    async forget(id: number): Promise<void> {
      await pool.query(`delete from ecs_image_import.uploads where id = $1 and state = 'removing'`, [id]);
    },

    /** Null: no digest is known for this version of the source. */
    async digest(version: string): Promise<string | null> {
      const { rows } = await pool.query<{ sha256: string }>(
        'select sha256 from ecs_image_import.source_digests where version = $1',
        [version],
      );
      return rows[0]?.sha256 ?? null;
    },

    async noteDigest(version: string, sha256: string): Promise<void> {
      await pool.query(
        `with old as (delete from ecs_image_import.source_digests where computed_at < now() - $3 * interval '1 day' and version <> $1)
         insert into ecs_image_import.source_digests (version, sha256) values ($1, $2)
         on conflict (version) do update set sha256 = excluded.sha256, computed_at = now()`,
        [version, sha256, DIGESTS_KEPT_DAYS],
      );
    },
  };
}

async function joinNow(
  pool: pg.Pool,
  step: StepWrite,
  wanted: WantedUpload,
  { holder, leaseMs, object, upload }: UploadIntention,
): Promise<JoinedUpload> {
  const { account = '', bucket, key } = wanted;
  const confirmed = step.confirming?.();
  const { rows } = await pool.query<{ joined: JoinedRow | null }>(
    'select ecs_image_import.join_upload($1, $2, $3, $4::jsonb, $5::jsonb, $6::jsonb, $7, $8) as joined',
    [
      ...[step.importId, step.version, step.phase, jsonText({ ...wanted, account })],
      ...[storedNotes([{ kind: 'ledger', entry: object }]), storedNotes([{ kind: 'ledger', entry: upload }])],
      ...[holder, leaseMs],
    ],
  );
  const joined = rows[0]?.joined ?? null;
  if (joined === null) throw new Error(`object oss://${bucket}/${key} is still being removed`);
  if (!joined.written) throw superseded(step.importId, `object ${object.key} is not recorded as intended`);
  confirmed?.();
  return { upload: toUpload(joined.upload), isIntended: joined.intended, isClaimed: joined.claimed };
}

export function toUpload(row: UploadRow): SharedUpload {
  return {
    id: Number(row.id),
    regionId: row.region_id,
    bucket: row.bucket,
    key: row.key,
    sha256: row.sha256,
    form: row.form,
    variant: row.variant,
    state: row.state,
    holder: row.holder,
    uploadId: row.upload_id,
    sourceVersion: row.source_version,
    bytesDone: Number(row.bytes_done),
    bytesTotal: Number(row.bytes_total),
    crc64: row.crc64,
    size: row.size === null ? null : Number(row.size),
    inspection: row.inspection,
  };
}
