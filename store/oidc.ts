/** The statements of sign-in by OIDC. Cookies arrive here as hashes. Times are those of the database. */
import type pg from 'pg';

/** What a sign-in must be answered with. */
export interface PendingSignIn {
  readonly issuer: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** Who has signed in, with the claims of then. */
export interface SignedIn {
  readonly issuer: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly secret: string;
  /** Since the sign-in; ms. */
  readonly ageMs: number;
}

const WITHIN = `interval '10 minutes'`;
/** More begun sign-ins than these are not kept: anybody can begin one. The oldest are forgotten. */
const MOST_PENDING = 1_000;
/** Longer than a session can last. */
const FORGOTTEN_AFTER = `interval '30 days'`;

export type OidcStore = ReturnType<typeof createOidcStore>;

export function createOidcStore(pool: pg.Pool) {
  return {
    async begin(hash: Buffer, { issuer, state, nonce, codeVerifier }: PendingSignIn): Promise<void> {
      await pool.query(
        `delete from ecs_image_import.oidc_sign_ins where expires_at < now() or hash in (
           select hash from ecs_image_import.oidc_sign_ins order by expires_at desc offset ${MOST_PENDING - 1})`,
      );
      await pool.query(
        `insert into ecs_image_import.oidc_sign_ins (hash, issuer, state, nonce, code_verifier, expires_at)
         values ($1, $2, $3, $4, $5, now() + ${WITHIN})`,
        [hash, issuer, state, nonce, codeVerifier],
      );
    },

    /** Null: unknown, expired, or taken before. Of concurrent calls, one gets it. */
    async take(hash: Buffer): Promise<PendingSignIn | null> {
      const { rows } = await pool.query<PendingSignIn & { readonly isValid: boolean }>(
        `delete from ecs_image_import.oidc_sign_ins where hash = $1
         returning issuer, state, nonce, code_verifier as "codeVerifier", expires_at > now() as "isValid"`,
        [hash],
      );
      const [row] = rows;
      if (row?.isValid !== true) return null;
      const { isValid: _isValid, ...pending } = row;
      return pending;
    },

    /** @param secret for an identity that signs in for the first time */
    async signedIn(id: string, issuer: string, claims: object, secret: string): Promise<void> {
      await pool.query(
        `with forgotten as (
           delete from ecs_image_import.oidc_identities where signed_in_at < now() - ${FORGOTTEN_AFTER} and id <> $1
         )
         insert into ecs_image_import.oidc_identities (id, issuer, claims, secret) values ($1, $2, $3, $4)
         on conflict (id) do update set claims = excluded.claims, issuer = excluded.issuer, signed_in_at = now()`,
        [id, issuer, JSON.stringify(claims), secret],
      );
    },

    async find(id: string): Promise<SignedIn | null> {
      const { rows } = await pool.query<SignedIn>(
        `select issuer, claims, secret, (extract(epoch from now() - signed_in_at) * 1000)::float8 as "ageMs"
         from ecs_image_import.oidc_identities where id = $1`,
        [id],
      );
      return rows[0] ?? null;
    },
  };
}
