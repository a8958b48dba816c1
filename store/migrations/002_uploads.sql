-- lowest version: 0.1.0
-- Uploaded objects and the imports that use them: one upload for the same content and bucket.

create table uploads (
  id             bigint generated always as identity primary key,
  region_id      text not null,
  bucket         text not null,
  -- Contains the id of the import that started it: never reused for another upload, so that a late deletion cannot delete another object.
  key            text not null,
  -- Of the source's bytes, lower-case hex; null: unknown, so the object is not shared.
  sha256         text,
  -- The content of the object: the bytes of the source, or an image converted from them.
  form           text not null check (form in ('as-is', 'converted')),
  state          text not null default 'open' check (state in ('open', 'whole', 'removing')),
  -- The holder of the upload lease, and its expiry.
  holder         text,
  lease_until    timestamptz,
  -- The multipart upload, and the version of the source that its parts belong to.
  upload_id      text,
  source_version text,
  bytes_done     bigint not null default 0,
  bytes_total    bigint not null default 0,
  -- Of the object; written before the multipart upload is completed.
  crc64          text,
  size           bigint,
  -- The inspection of a converted image, for imports that share the object and have no local copy.
  inspection     jsonb,
  -- Set if an import that used the object requested to keep it.
  kept           boolean not null default false,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  unique (bucket, key)
);

create unique index uploads_by_content on uploads (bucket, sha256, form) where sha256 is not null and state <> 'removing';

-- Current and released references of imports to objects.
create table upload_holds (
  upload    bigint not null references uploads (id) on delete cascade,
  import_id text not null references imports (id) on delete cascade,
  released  boolean not null default false,
  primary key (upload, import_id)
);

-- Uploaded parts of remote sources, which are slow to read again.
create table upload_parts (
  upload bigint not null references uploads (id) on delete cascade,
  number integer not null,
  length bigint not null,
  crc64  text not null,
  primary key (upload, number)
);

-- Digests of files, by host and version of the file.
create table source_digests (
  version     text primary key,
  sha256      text not null,
  computed_at timestamptz not null default now()
);
