-- lowest version: 0.1.0
-- API keys. The secret of a key is not stored, only its digest. A rotation adds a secret; the earlier ones expire soon after.

create table api_keys (
  -- The visible part of the key.
  prefix     text primary key,
  name       text not null,
  role       text not null check (role in ('viewer', 'operator', 'admin')),
  -- A Scope of domain/access/identity.ts.
  scope      jsonb not null,
  created_at timestamptz not null default now(),
  -- IDs of identities.
  created_by text not null,
  revoked_at timestamptz,
  revoked_by text
);

create table api_key_secrets (
  prefix       text not null references api_keys (prefix) on delete cascade,
  -- SHA-256 of the whole key.
  digest       bytea not null,
  created_at   timestamptz not null default now(),
  -- Null: never.
  expires_at   timestamptz,
  -- Written at most once a minute.
  last_used_at timestamptz,
  primary key (prefix, digest)
);
