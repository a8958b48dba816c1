/** API keys. Times are compared by the clock of PostgreSQL, so that all processes agree on the end of a key. */
import type pg from 'pg';
import type { Role, Scope } from '../domain/access/identity.js';

export interface NewKey {
  readonly prefix: string;
  /** SHA-256 of the whole key. */
  readonly digest: Buffer;
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
  /** ID of an identity. */
  readonly createdBy: string;
  /** Null: it does not expire. */
  readonly expiresInSeconds: number | null;
}

export interface KeySecret {
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

export interface KeyView {
  readonly prefix: string;
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
  readonly state: 'active' | 'expired' | 'revoked';
  readonly createdAt: string;
  readonly createdBy: string;
  readonly revokedAt: string | null;
  readonly revokedBy: string | null;
  /** The newest first. After a rotation, the earlier one is valid until it expires. */
  readonly secrets: readonly KeySecret[];
}

export interface ValidKey extends Pick<KeyView, 'prefix' | 'name' | 'role' | 'scope'> {
  readonly expiresInMs: number | null;
}

export interface Rotation {
  readonly digest: Buffer;
  /** How long the earlier secrets stay valid. */
  readonly overlapSeconds: number;
  /** Null: the new secret does not expire; undefined: it is valid as long as the last one was. */
  readonly expiresInSeconds: number | null | undefined;
}

export type RotationOutcome = 'rotated' | 'unknown' | 'revoked';

/** Revoked and expired keys do not count. */
const MOST_KEYS = 5_000;
const USE_EVERY_S = 60;

export type KeyStore = ReturnType<typeof createKeyStore>;

export function createKeyStore(pool: pg.Pool) {
  return {
    /** @returns false if there are as many keys as are allowed */
    async create({ prefix, digest, name, role, scope, createdBy, expiresInSeconds }: NewKey): Promise<boolean> {
      const { rowCount } = await pool.query(
        `with made as (
           insert into ecs_image_import.api_keys (prefix, name, role, scope, created_by)
           select $1, $2, $3, $4, $5
           where (select count(*) from ecs_image_import.api_keys k where revoked_at is null and exists (
             select from ecs_image_import.api_key_secrets s where s.prefix = k.prefix and (expires_at is null or expires_at > now()))) < ${MOST_KEYS}
           returning prefix
         )
         insert into ecs_image_import.api_key_secrets (prefix, digest, expires_at)
         select prefix, $6, now() + $7::float8 * interval '1 second' from made`,
        [prefix, name, role, JSON.stringify(scope), createdBy, digest, expiresInSeconds],
      );
      return rowCount === 1;
    },

    /** Null: there is no such key, or it has expired or was revoked. */
    async find(prefix: string, digest: Buffer): Promise<ValidKey | null> {
      const { rows } = await pool.query<ValidKey>(
        `select k.prefix, name, role, scope, (extract(epoch from s.expires_at - now()) * 1000)::float8 as "expiresInMs"
         from ecs_image_import.api_keys k join ecs_image_import.api_key_secrets s on s.prefix = k.prefix
         where k.prefix = $1 and s.digest = $2 and k.revoked_at is null and (s.expires_at is null or s.expires_at > now())`,
        [prefix, digest],
      );
      return rows[0] ?? null;
    },

    async used(prefix: string, digest: Buffer): Promise<void> {
      await pool.query(
        `update ecs_image_import.api_key_secrets set last_used_at = now()
         where prefix = $1 and digest = $2 and (last_used_at is null or last_used_at < now() - interval '${USE_EVERY_S} seconds')`,
        [prefix, digest],
      );
    },

    /** In the order of their prefixes. */
    async list(afterPrefix: string, limit: number): Promise<readonly KeyView[]> {
      const { rows } = await pool.query<KeyRow>(`${SELECT} where k.prefix > $1 order by k.prefix limit $2`, [
        afterPrefix,
        limit,
      ]);
      return rows.map(toView);
    },

    /** Null: there is no such key. */
    async get(prefix: string): Promise<KeyView | null> {
      const { rows } = await pool.query<KeyRow>(`${SELECT} where k.prefix = $1`, [prefix]);
      return rows[0] === undefined ? null : toView(rows[0]);
    },

    /** Those of the keys that are neither revoked nor expired. */
    async activeAmong(prefixes: readonly string[]): Promise<ReadonlySet<string>> {
      const { rows } = await pool.query<{ prefix: string }>(
        `select prefix from ecs_image_import.api_keys k where prefix = any($1) and revoked_at is null and exists (
           select from ecs_image_import.api_key_secrets s where s.prefix = k.prefix and (expires_at is null or expires_at > now()))`,
        [prefixes],
      );
      return new Set(rows.map(({ prefix }) => prefix));
    },

    /** Adds a secret, and lets the earlier ones expire after the overlap. */
    async rotate(prefix: string, { digest, overlapSeconds, expiresInSeconds }: Rotation): Promise<RotationOutcome> {
      const { rows } = await pool.query<{ revoked: boolean }>(
        `with key as (
           select prefix, revoked_at is not null as revoked from ecs_image_import.api_keys where prefix = $1 for update
         ), newest as (
           select s.expires_at - s.created_at as lifetime from ecs_image_import.api_key_secrets s join key using (prefix)
           order by created_at desc limit 1
         ), ended as (
           update ecs_image_import.api_key_secrets s
           set expires_at = least(s.expires_at, now() + $3::float8 * interval '1 second') from key
           where s.prefix = key.prefix and not key.revoked
         ), made as (
           insert into ecs_image_import.api_key_secrets (prefix, digest, expires_at)
           select prefix, $2, now() + case when $4 then $5::float8 * interval '1 second' else lifetime end
           from key, newest where not revoked
         )
         select revoked from key`,
        [prefix, digest, overlapSeconds, expiresInSeconds !== undefined, expiresInSeconds ?? null],
      );
      const [row] = rows;
      if (row === undefined) return 'unknown';
      return row.revoked ? 'revoked' : 'rotated';
    },

    /** @returns false if there is no such key. A repeated call changes nothing. */
    async revoke(prefix: string, by: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update ecs_image_import.api_keys set revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, $2)
         where prefix = $1`,
        [prefix, by],
      );
      return rowCount === 1;
    },
  };
}

const SELECT = `
  select k.prefix, k.name, k.role, k.scope, k.created_at, k.created_by, k.revoked_at, k.revoked_by, s.secrets,
    case when k.revoked_at is not null then 'revoked' when s.is_valid then 'active' else 'expired' end as state
  from ecs_image_import.api_keys k cross join lateral (
    select bool_or(expires_at is null or expires_at > now()) as is_valid,
      json_agg(json_build_object('createdAt', created_at, 'expiresAt', expires_at, 'lastUsedAt', last_used_at)
        order by created_at desc) as secrets
    from ecs_image_import.api_key_secrets where prefix = k.prefix) s`;

interface KeyRow extends Pick<KeyView, 'prefix' | 'name' | 'role' | 'scope' | 'state' | 'secrets'> {
  readonly created_at: Date;
  readonly created_by: string;
  readonly revoked_at: Date | null;
  readonly revoked_by: string | null;
}

function toView({ created_at, created_by, revoked_at, revoked_by, secrets, ...row }: KeyRow): KeyView {
  const iso = (time: string | null) => (time === null ? null : new Date(time).toISOString());
  return {
    ...row,
    createdAt: created_at.toISOString(),
    createdBy: created_by,
    revokedAt: revoked_at?.toISOString() ?? null,
    revokedBy: revoked_by,
    secrets: secrets.map(({ createdAt, expiresAt, lastUsedAt }) => ({
      createdAt: new Date(createdAt).toISOString(),
      expiresAt: iso(expiresAt),
      lastUsedAt: iso(lastUsedAt),
    })),
  };
}
