/**
 * The parts of uploads that are compressed while they are sent. What is noted here is the authority on what a part in the
 * cloud holds: a later worker may compress the same bytes to others.
 */
import type pg from 'pg';

export interface NotedRange {
  /** Of the part. */
  readonly number: number;
  /** Bytes of the part; 0: there is no such part. */
  readonly length: number;
  /** Decimal. */
  readonly crc64: string;
  readonly etag: string;
  readonly clusters: Buffer;
  /** Of the bytes of the disk; null: unknown, or only zeros. */
  readonly digest: Buffer | null;
}

/** Who may note parts: the holder of the lease on the upload, for the multipart upload and the version that are recorded. */
export interface RangeWriter {
  readonly upload: number;
  readonly holder: string;
  readonly uploadId: string;
  readonly sourceVersion: string;
}

/** Parts that are read from the database at a time. */
const PAGE = 16;

export type UploadRanges = ReturnType<typeof createUploadRanges>;

export function createUploadRanges(pool: pg.Pool) {
  return {
    /** The level of the part: the given one, or that of the first attempt to send it. Null: another worker has taken over. */
    async claimLevel(
      { upload, holder }: Pick<RangeWriter, 'upload' | 'holder'>,
      number: number,
      level: number,
    ): Promise<number | null> {
      const { rows } = await pool.query<{ level: number }>(
        `insert into ecs_image_import.upload_ranges (upload, number, level)
         select id, $2, $3 from ecs_image_import.uploads where id = $1 and holder = $4 and state = 'open'
         on conflict (upload, number) do update set level = upload_ranges.level returning level`,
        [upload, number, level, holder],
      );
      return rows[0]?.level ?? null;
    },

    /** False: another worker has taken over, or the upload was started again; the part does not count as sent. */
    async note({ upload, holder, uploadId, sourceVersion }: RangeWriter, range: NotedRange): Promise<boolean> {
      const { number, length, crc64, etag, clusters, digest } = range;
      const { rowCount } = await pool.query(
        `update ecs_image_import.upload_ranges r set length = $5, crc64 = $6, etag = $7, clusters = $8, digest = $9
         from ecs_image_import.uploads u
         where r.upload = $1 and r.number = $2 and u.id = r.upload and u.holder = $3 and u.upload_id = $4 and u.state = 'open'
           and u.source_version = $10`,
        [upload, number, holder, uploadId, length, crc64, etag, clusters, digest, sourceVersion],
      );
      return rowCount === 1;
    },

    /** The parts that count as sent, in order. A page at a time: the clusters of a disk of 2 TiB take 64 MiB. */
    async *list(upload: number): AsyncGenerator<NotedRange> {
      for (let after = 0; ; ) {
        const { rows } = await pool.query<NotedRange & { length: string }>(
          `select number, length, crc64, etag, clusters, digest from ecs_image_import.upload_ranges
           where upload = $1 and length is not null and number > $2 order by number limit $3`,
          [upload, after, PAGE],
        );
        for (const row of rows) yield { ...row, length: Number(row.length) };
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return;
        after = last.number;
      }
    },
  };
}
