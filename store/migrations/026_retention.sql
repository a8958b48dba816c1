-- lowest version: 0.1.0
-- The deletion of old imports and batches, what protects them, and what remains of them.

-- { reason, since, by }: a legal hold. It is never deleted.
alter table imports add column hold jsonb;
alter table batches add column hold jsonb;

-- One row. The newest deleted ids: IDs sort by time, so an older one that is not found was deleted.
create table retention (
  only_row       boolean primary key default true check (only_row),
  ran_at         timestamptz not null default '-infinity',
  newest_import  text not null default '',
  newest_batch   text not null default ''
);
insert into retention default values;

-- Resources of deleted imports that exist on: the search for orphans must not take them for orphans.
create table kept_resources (
  -- Of an object; empty for an image.
  bucket    text not null,
  -- Of an object; the ID of an image.
  key       text not null,
  import_id text not null,
  region_id text not null,
  primary key (bucket, key)
);
