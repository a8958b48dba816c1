-- lowest version: 0.1.0
-- What identifies the content of a disk that was compressed while it was sent, so that equal disks share an object.

alter table upload_ranges
  -- Of the bytes of the disk in this range. Null: unknown, or only zeros.
  add column digest bytea;

alter table uploads
  -- How the disk was cut into ranges. Null: the content is unknown.
  add column content_layout text,
  -- A digest of the digests of all ranges.
  add column content text,
  -- The beginnings of the digests of the ranges, to find a difference early.
  add column content_ranges bytea;

-- The contents that versions of files had.
create table source_contents (
  version     text not null,
  -- What was done to the content: another disk is sent if free blocks are left out.
  variant     text not null,
  content     text not null,
  computed_at timestamptz not null default now(),
  primary key (version, variant)
);
create index source_contents_by_age on source_contents (computed_at);
