/** The regions and folders that imports have used, and the resources that the ledgers account for. */

import type pg from 'pg';
import type { Phase } from '../domain/import.js';
import { formatObjectLocation, type ObjectLocation, parseObjectLocation } from '../domain/object-location.js';
import type { RecordedImports, TaggedResource } from '../domain/orphans.js';
import type { OssAccess, UploadEndpoint } from '../domain/oss-access.js';
import { FINAL_STATES_SQL, OPEN_STATES_SQL } from './final-states.js';

export interface PlacesUsed {
  readonly regions: readonly UsedRegion[];
  readonly folders: readonly UsedFolder[];
}

export interface UsedRegion {
  /** Null: that of the worker's own credentials. */
  readonly account: string | null;
  readonly regionId: string;
}

export interface UsedFolder extends UsedRegion {
  readonly bucket: string;
  readonly prefix: string;
  /** How imports reached it, where they chose that. */
  readonly access?: OssAccess;
}

/** An account may have hundreds of thousands of resources: a statement asks for so many of them. */
const ASK_FOR = 5_000;

/** The expressions of the indexes `imports_by_place`, `imports_by_destinations` and `ledger_by_place`. '' is the worker's own account. */
const ACCOUNT = `coalesce(request ->> 'account', '')`;
const PLACE = `${ACCOUNT}, request ->> 'region', request -> 'upload' ->> 'bucket', coalesce(request -> 'upload' ->> 'prefix', '')`;
const DESTINATIONS = `${ACCOUNT}, request -> 'distribute' -> 'regions'`;
const HAS_DESTINATIONS = `request -> 'distribute' -> 'regions' <> '[]'`;
const FOLDER = `region_id, detail ->> 'bucket', split_part(detail ->> 'key', import_id, 1)`;
const IS_IN_FOLDER = `kind in ('object', 'multipart-upload') and strpos(detail ->> 'key', import_id) > 0`;

/**
 * A query with all different values of some columns, which are few. It finds each in an index as the next one after the
 * previous one, where `select distinct` would read every row.
 * @param columns expressions of an index, in its order
 * @param names for them in the result
 */
function distinctValues(name: string, names: string, columns: string, from: string, where = 'true'): string {
  const next = (after: string) =>
    `select ${columns} from ecs_image_import.${from} where ${where}${after} order by ${columns} limit 1`;
  const previous = names.replaceAll(/\w+/g, (column) => `${name}.${column}`);
  return `${name} (${names}) as (
    (${next('')}) union all
    select next.* from ${name}, lateral (${next(` and (${columns}) > (${previous})`)}) as next
  )`;
}

/**
 * One import that satisfies the condition and reached the phase. An import that never did has created nothing there: its
 * region or bucket may be a typing error. The subquery looks up each import's phase by the key, where a join may read them all.
 */
const reachedBy = (condition: string, phase: Phase) => `lateral (
  select from ecs_image_import.imports i
  where ${condition}
    and (select true from ecs_image_import.timeline t where t.import_id = i.id and t.phase = '${phase}') limit 1) as reached`;

/** A row with a bucket is a folder, a row without one a region. The bucket of a request may change; the ledger has the earlier one. */
const PLACES_USED = `with recursive
  ${distinctValues('place', 'account, region, bucket, prefix', PLACE, 'imports')},
  ${distinctValues('destination', 'account, regions', DESTINATIONS, 'imports', HAS_DESTINATIONS)},
  ${distinctValues('folder', 'region, bucket, prefix', FOLDER, 'ledger', IS_IN_FOLDER)},
  used as (
    select place.* from place, ${reachedBy(`(${PLACE}) = (account, region, bucket, prefix)`, 'upload')}
  ), earlier as (
    select distinct by.account, folder.* from folder, lateral (
      select ${ACCOUNT} as account from ecs_image_import.ledger join ecs_image_import.imports on imports.id = import_id
      where ${IS_IN_FOLDER} and (${FOLDER}) = (folder.region, folder.bucket, folder.prefix)) as by
    where not exists (select from used where (used.region, used.bucket, used.prefix) = (folder.region, folder.bucket, folder.prefix))
  ), found as (
    select account, region, bucket, prefix from used
    union select account, region, bucket, prefix from earlier
    union select account, region, null, null
      from place, ${reachedBy(`(${ACCOUNT}, request ->> 'region') = (account, region)`, 'import')}
    union select account, jsonb_array_elements_text(regions), null, null
      from destination, ${reachedBy(`${HAS_DESTINATIONS} and (${DESTINATIONS}) = (account, regions)`, 'distribution')}
  )
  select nullif(account, '') as account, region as "regionId", bucket, prefix from found order by 1 nulls first, 2, 3, 4`;

const CHOSEN = `${ACCOUNT}, request ->> 'region', request -> 'upload' ->> 'bucket', coalesce(request -> 'upload' ->> 'endpoint', 'auto'), coalesce(request ->> 'storageLocationArn', '')`;
const HAS_CHOSEN = `(request -> 'upload' ? 'endpoint' or request ? 'storageLocationArn') and request -> 'upload' ? 'bucket'`;
const ACCESS_CHOSEN = `with recursive
  ${distinctValues('chosen', 'account, region, bucket, endpoint, arn', CHOSEN, 'imports', HAS_CHOSEN)}
  select nullif(account, '') as account, region as "regionId", bucket, endpoint, nullif(arn, '') as arn from chosen`;

interface ChosenRow extends UsedRegion {
  readonly bucket: string;
  readonly endpoint: UploadEndpoint;
  readonly arn: string | null;
}

/** Of several endpoints that imports chose, the one that most workers reach. */
const REACHED_BY_MOST: readonly UploadEndpoint[] = ['accelerate', 'public', 'internal'];

/** A folder of a bucket in the region, and one of the same name in each CloudBox that imports into this bucket named. */
function eachAccess(folder: UsedFolder, chosen: readonly ChosenRow[]): readonly UsedFolder[] {
  const { account, regionId, bucket } = folder;
  const here = chosen.filter((one) => one.account === account && one.regionId === regionId && one.bucket === bucket);
  const endpoints = here.filter(({ arn }) => arn === null).map(({ endpoint }) => endpoint);
  const endpoint = REACHED_BY_MOST.find((one) => endpoints.includes(one));
  const arns = new Set(here.flatMap(({ arn }) => arn ?? []));
  return [
    endpoint === undefined ? folder : { ...folder, access: { endpoint, storageLocationArn: null } },
    ...[...arns].map((arn): UsedFolder => ({ ...folder, access: { endpoint: 'auto', storageLocationArn: arn } })),
  ];
}

interface PlaceRow extends UsedRegion {
  readonly bucket: string | null;
  readonly prefix: string | null;
}

/**
 * True if an entry of the ledgers accounts for a resource that was seen. The limit makes PostgreSQL look up each resource in an
 * index, also if it expects so many that it would read the whole ledger.
 */
const isAccounted = (entry: string) => `lateral (
  select from ecs_image_import.ledger l join ecs_image_import.imports i on i.id = l.import_id
  where ${entry} and l.status <> 'removed' and (l.status = 'kept' or i.state in ${OPEN_STATES_SQL}) limit 1) as accounted`;

const HELD_IMAGES = `select key from unnest($1::text[]) as seen (key),
  ${isAccounted(`l.kind in ('image', 'copy') and coalesce(nullif(l.detail ->> 'imageId', ''), l.key) = seen.key`)}`;

/** Several imports may share an object. Each has a reference to it before its ledger has the entry. */
const HELD_OBJECTS = `with seen as (select * from unnest($1::text[], $2::text[]) as seen (bucket, key))
  select bucket, key from seen, ${isAccounted(`l.kind in ('object', 'multipart-upload')
    and l.detail ->> 'bucket' = seen.bucket and l.detail ->> 'key' = seen.key`)}
  union
  select bucket, key from seen, lateral (
    select from ecs_image_import.uploads u
      join ecs_image_import.upload_holds h on h.upload = u.id and not h.released
      join ecs_image_import.imports i on i.id = h.import_id and i.state in ${OPEN_STATES_SQL}
    where u.bucket = seen.bucket and u.key = seen.key limit 1) as used`;

export function orphanQueries(pool: pg.Pool) {
  async function recordsOf(importIds: readonly string[]) {
    const { rows } = await pool.query<{ id: string; live: boolean; check_after: Date | null }>(
      `select id, state not in ${FINAL_STATES_SQL} as live, check_after from ecs_image_import.imports where id = any($1)`,
      [importIds],
    );
    return rows;
  }

  async function heldImages(ids: readonly string[]): Promise<readonly string[]> {
    const { rows } = await pool.query<{ key: string }>(HELD_IMAGES, [ids]);
    return rows.map(({ key }) => key);
  }

  async function heldObjects(seen: readonly ObjectLocation[]): Promise<readonly string[]> {
    const { rows } = await pool.query<ObjectLocation>(HELD_OBJECTS, [
      seen.map(({ bucket }) => bucket),
      seen.map(({ key }) => key),
    ]);
    return rows.map(formatObjectLocation);
  }

  return {
    async placesUsed(): Promise<PlacesUsed> {
      const { rows } = await pool.query<PlaceRow>(PLACES_USED);
      const chosen = await pool.query<ChosenRow>(ACCESS_CHOSEN);
      return {
        regions: rows.flatMap(({ account, regionId, bucket }) => (bucket === null ? [{ account, regionId }] : [])),
        folders: rows.flatMap(({ bucket, prefix, ...region }) =>
          bucket === null || prefix === null ? [] : eachAccess({ ...region, bucket, prefix }, chosen.rows),
        ),
      };
    },

    /**
     * Which of the imports of these resources are known and which still run; and which of the resources the ledgers account
     * for: those of imports that still run, and those that were kept. An open entry of an import that has ended is a late write.
     */
    async accountsOf(
      resources: readonly Pick<TaggedResource, 'kind' | 'key' | 'importId'>[],
    ): Promise<RecordedImports> {
      const imports: Awaited<ReturnType<typeof recordsOf>> = [];
      const held = new Set<string>();
      for (let from = 0; from < resources.length; from += ASK_FOR) {
        const seen = resources.slice(from, from + ASK_FOR);
        imports.push(...(await recordsOf([...new Set(seen.map(({ importId }) => importId))])));
        const images = seen.filter(({ kind }) => kind === 'image').map(({ key }) => key);
        const objects = seen
          .filter(({ kind }) => kind === 'object' || kind === 'multipart-upload')
          .flatMap(({ key }) => parseObjectLocation(key) ?? []);
        for (const key of [...(await heldImages(images)), ...(await heldObjects(objects))]) held.add(key);
      }
      return {
        known: new Set(imports.map(({ id }) => id)),
        live: new Set(imports.filter(({ live }) => live).map(({ id }) => id)),
        lateChecks: new Map(
          imports.flatMap(({ id, check_after: at }) => (at === null ? [] : [[id, at.toISOString()] as const])),
        ),
        held,
      };
    },
  };
}
