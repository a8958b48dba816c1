-- lowest version: 0.1.0
-- Sign-in by OIDC: what has begun and waits for its answer, and who has signed in.

create table oidc_sign_ins (
  -- SHA-256 of the cookie of the browser that has begun it. A row is deleted when its answer arrives.
  hash          bytea primary key,
  issuer        text not null,
  state         text not null,
  nonce         text not null,
  code_verifier text not null,
  expires_at    timestamptz not null
);
create index oidc_sign_ins_expiry on oidc_sign_ins (expires_at);

create table oidc_identities (
  -- oidc:ISSUER#SUBJECT
  id           text primary key,
  issuer       text not null,
  -- Those that the rules of the issuer depend on.
  claims       jsonb not null,
  -- Of the sessions of this identity: another secret ends them.
  secret       text not null,
  signed_in_at timestamptz not null default now()
);
create index oidc_identities_by_age on oidc_identities (signed_in_at);
