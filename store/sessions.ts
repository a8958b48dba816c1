/** Codes that sign in to the page, and the sessions that they start. Secrets arrive here as hashes. Times are those of the database. */
import type pg from 'pg';

/** What a session or a code is valid for: the key of an identity, as it was when the code was created. */
export interface KeyReference {
  readonly identityId: string;
  readonly keyProof: Buffer;
}

export interface SessionRow extends KeyReference {
  readonly tokenHash: Buffer;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** A session that is not used for this long ends. */
const IDLE = `interval '24 hours'`;
const IS_ALIVE = `expires_at > now() and used_at > now() - ${IDLE}`;
const USED_AGAIN_AFTER = `interval '5 minutes'`;
/** Of one identity; the oldest ones end. */
const MOST_SESSIONS = 100;
const MOST_CODES = 100;

interface Row {
  readonly identity_id: string;
  readonly key_proof: Buffer;
  readonly token_hash: Buffer;
  readonly expires_at: Date;
}

export type SessionStore = ReturnType<typeof createSessionStore>;

export function createSessionStore(pool: pg.Pool) {
  return {
    /** Returns when the code expires. */
    async addCode(hash: Buffer, { identityId, keyProof }: KeyReference, validSeconds: number): Promise<string> {
      await pool.query(
        `delete from ecs_image_import.sign_in_codes where expires_at < now() or hash in (
           select hash from ecs_image_import.sign_in_codes where identity_id = $1
           order by expires_at desc offset ${MOST_CODES - 1})`,
        [identityId],
      );
      const added = await pool.query<{ expires_at: Date }>(
        `insert into ecs_image_import.sign_in_codes (hash, identity_id, key_proof, expires_at)
         values ($1, $2, $3, now() + $4 * interval '1 second') returning expires_at`,
        [hash, identityId, keyProof, validSeconds],
      );
      return added.rows[0]?.expires_at.toISOString() ?? '';
    },

    /** Null: the code is unknown, was used, or has expired. Of concurrent calls, one gets it. */
    async takeCode(hash: Buffer): Promise<KeyReference | null> {
      const taken = await pool.query<Row & { readonly is_valid: boolean }>(
        `delete from ecs_image_import.sign_in_codes where hash = $1
         returning identity_id, key_proof, expires_at > now() as is_valid`,
        [hash],
      );
      const [row] = taken.rows;
      return row?.is_valid === true ? { identityId: row.identity_id, keyProof: row.key_proof } : null;
    },

    /** Returns when the session ends. */
    async add(
      hash: Buffer,
      tokenHash: Buffer,
      { identityId, keyProof }: KeyReference,
      validSeconds: number,
    ): Promise<string> {
      await pool.query(
        `delete from ecs_image_import.sessions where not (${IS_ALIVE}) or hash in (
           select hash from ecs_image_import.sessions where identity_id = $1
           order by used_at desc offset ${MOST_SESSIONS - 1})`,
        [identityId],
      );
      const added = await pool.query<{ expires_at: Date }>(
        `insert into ecs_image_import.sessions (hash, token_hash, identity_id, key_proof, expires_at)
         values ($1, $2, $3, $4, now() + $5 * interval '1 second') returning expires_at`,
        [hash, tokenHash, identityId, keyProof, validSeconds],
      );
      return added.rows[0]?.expires_at.toISOString() ?? '';
    },

    /** Null: no such session, or it has ended. */
    async find(hash: Buffer): Promise<SessionRow | null> {
      const found = await pool.query<Row>(
        `select identity_id, key_proof, token_hash, expires_at from ecs_image_import.sessions
         where hash = $1 and ${IS_ALIVE}`,
        [hash],
      );
      const [row] = found.rows;
      if (row === undefined) return null;
      return {
        identityId: row.identity_id,
        keyProof: row.key_proof,
        tokenHash: row.token_hash,
        expiresAt: row.expires_at.toISOString(),
      };
    },

    /** Records the use of a session, at most every few minutes. */
    async touch(hash: Buffer): Promise<void> {
      await pool.query(
        `update ecs_image_import.sessions set used_at = now() where hash = $1 and used_at < now() - ${USED_AGAIN_AFTER}`,
        [hash],
      );
    },

    async end(hash: Buffer): Promise<void> {
      await pool.query('delete from ecs_image_import.sessions where hash = $1', [hash]);
    },
  };
}
