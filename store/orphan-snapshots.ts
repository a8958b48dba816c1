/** The snapshots of images that the orphan sweep deletes, until they are gone themselves. */
import type pg from 'pg';

export interface OrphanSnapshot {
  /** Null: that of the worker's own credentials. */
  readonly account: string | null;
  readonly regionId: string;
  readonly snapshotId: string;
  readonly imageId: string;
  readonly importId: string;
}

export function orphanSnapshotQueries(pool: pg.Pool) {
  return {
    async orphanSnapshots(): Promise<readonly OrphanSnapshot[]> {
      const { rows } = await pool.query<OrphanSnapshot>(
        `select nullif(account, '') as account, region_id as "regionId", snapshot_id as "snapshotId", image_id as "imageId", import_id as "importId"
         from ecs_image_import.orphan_snapshots order by noted_at, snapshot_id`,
      );
      return rows;
    },

    async noteOrphanSnapshots(snapshots: readonly OrphanSnapshot[]): Promise<void> {
      await pool.query(
        `insert into ecs_image_import.orphan_snapshots (region_id, snapshot_id, image_id, import_id, account)
         select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         on conflict (region_id, snapshot_id) do nothing`,
        [
          snapshots.map(({ regionId }) => regionId),
          snapshots.map(({ snapshotId }) => snapshotId),
          snapshots.map(({ imageId }) => imageId),
          snapshots.map(({ importId }) => importId),
          snapshots.map(({ account }) => account ?? ''),
        ],
      );
    },

    async forgetOrphanSnapshots(regionId: string, snapshotIds: readonly string[]): Promise<void> {
      await pool.query('delete from ecs_image_import.orphan_snapshots where region_id = $1 and snapshot_id = any($2)', [
        regionId,
        snapshotIds,
      ]);
    },
  };
}
