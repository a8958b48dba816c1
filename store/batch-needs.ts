/** What the items of a batch need from the cloud. */
import type pg from 'pg';
import type { OssAccess } from '../domain/oss-access.js';

/** The needs that several items share. */
export interface ItemNeeds {
  /** Null: that of the worker's own credentials. */
  readonly account: string | null;
  readonly region: string;
  /** Null: no disk is uploaded. */
  readonly uploadBucket: string | null;
  /** The buckets of objects that are imported as they are. */
  readonly sourceBuckets: readonly string[];
  readonly role: 'ensure' | 'verify' | 'skip';
  readonly roleName: string | null;
  readonly cloudBox: boolean;
  /** How the buckets are reached. */
  readonly access: OssAccess;
  readonly dryRun: boolean;
  /** Regions that the image is copied to. */
  readonly destinations: readonly string[];
  readonly items: number;
  /** Of the first of these items. */
  readonly line: number;
}

/** A larger number of different needs is not checked first; each import checks its own. */
const MAX_NEEDS = 1_000;

/** Once for all waiting items that need the same, in the order of the file. */
export async function needsOf(pool: pg.Pool, batchId: string): Promise<readonly ItemNeeds[]> {
  const result = await pool.query<ItemNeeds>(
    `select account, region, case when uploads then upload_bucket end as "uploadBucket", "sourceBuckets", role, "roleName", "cloudBox", access,
       "dryRun", destinations, count(*)::int as items, min(line) as line
     from (
       select line, request ->> 'account' as account, region, request -> 'upload' ->> 'bucket' as upload_bucket, request ->> 'role' as role,
         request ->> 'roleName' as "roleName", request ? 'storageLocationArn' as "cloudBox",
         jsonb_build_object(
           'endpoint', coalesce(request -> 'upload' ->> 'endpoint', 'auto'),
           'storageLocationArn', request ->> 'storageLocationArn') as access,
         (request ->> 'dryRun')::boolean as "dryRun", request -> 'distribute' -> 'regions' as destinations,
         exists (select from jsonb_array_elements(request -> 'disks') d where d ->> 'source' not ilike 'oss://%') as uploads,
         array(
           select distinct split_part(substr(d ->> 'source', 7), '/', 1) from jsonb_array_elements(request -> 'disks') d
           where d ->> 'source' ilike 'oss://%' order by 1) as "sourceBuckets"
       from ecs_image_import.batch_items where batch_id = $1 and state = 'waiting') needs
     group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 order by min(line) limit ${MAX_NEEDS}`,
    [batchId],
  );
  return result.rows;
}
