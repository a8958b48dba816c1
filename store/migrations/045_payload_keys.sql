-- lowest version: 0.1.0
-- Which keys have encrypted the payloads in Temporal, and which workflows may have payloads that are not encrypted. No key is
-- stored.

create table payload_keys (
  id             text primary key,
  -- Of the key; tells two keys with one ID apart.
  fingerprint    text not null,
  first_used_at  timestamptz not null default now(),
  -- When another key took its place; null: it encrypts.
  replaced_at    timestamptz
);

-- One row, once payloads are encrypted.
create table payload_encryption (
  only_row     boolean primary key default true check (only_row),
  -- Workflows of imports and batches that were created before may have plain payloads.
  plain_until  timestamptz not null
);

-- What the record showed before the import stopped because a payload key is missing: { state, attention, attentionVersion, keyId }.
alter table imports add column before_key_stop jsonb;
