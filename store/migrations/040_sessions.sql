-- lowest version: 0.1.0
-- Sign-in to the page. Only hashes of the secrets are stored. A code is deleted when it is used.

create table sign_in_codes (
  hash bytea primary key,
  -- Of the identity: `local`, `token`, `key:PREFIX`.
  identity_id text not null,
  -- HMAC of the secret of the identity's key, with the code as its key: another key of the same name does not match.
  key_proof bytea not null,
  expires_at timestamptz not null
);
create index sign_in_codes_expiry on sign_in_codes (expires_at);

create table sessions (
  -- Of the cookie.
  hash bytea primary key,
  -- Of the token that the page sends as a header.
  token_hash bytea not null,
  identity_id text not null,
  -- As in sign_in_codes, with the cookie as its key.
  key_proof bytea not null,
  created_at timestamptz not null default now(),
  used_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_expiry on sessions (expires_at);
