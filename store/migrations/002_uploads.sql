-- lowest version: 0.1.0
-- Objects that uploads make, and the imports that use them: one upload for the same content and bucket.

create table uploads (
  id             bigint generated always as identity primary key,
  region_id      text not null,
  bucket         text not null,
  -- Holds the id of the import that began it: never used again for another upload, so that a late deletion hits nothing else.
  key            text not null,
  -- Of the source's bytes, lower-case hex; null: not known, so that it is shared with nobody.
  sha256         text,
  -- What the object holds: the source's bytes as they are, or an image made of them.
  form           text not null check (form in ('as-is', 'converted')),
  state          text not null default 'open' check (state in ('open', 'whole', 'removing')),
  -- Who sends it, and until when nobody else does.
  holder         text,
  lease_until    timestamptz,
  -- The multipart upload, and the version of the source whose parts it has.
  upload_id      text,
  source_version text,
  bytes_done     bigint not null default 0,
  bytes_total    bigint not null default 0,
  -- Of the object; written before it is put together.
  crc64          text,
  size           bigint,
  -- What was told of a converted image: who shares it needs no copy of its own to know.
  inspection     jsonb,
  -- An import that used it asked to keep it.
  kept           boolean not null default false,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  unique (bucket, key)
);

create unique index uploads_by_content on uploads (bucket, sha256, form) where sha256 is not null and state <> 'removing';

-- An import that uses an object, or did.
create table upload_holds (
  upload    bigint not null references uploads (id) on delete cascade,
  import_id text not null references imports (id) on delete cascade,
  released  boolean not null default false,
  primary key (upload, import_id)
);

-- Parts that arrived, of sources that are slow to read again.
create table upload_parts (
  upload bigint not null references uploads (id) on delete cascade,
  number integer not null,
  length bigint not null,
  crc64  text not null,
  primary key (upload, number)
);

-- Digests of files, by host and by all that changes when a file does.
create table source_digests (
  version     text primary key,
  sha256      text not null,
  computed_at timestamptz not null default now()
);
