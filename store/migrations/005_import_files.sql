-- lowest version: 0.1.0
-- Files that belong to an import: the log and the last screenshot of its boot check.

create table import_files (
  import_id    text not null references imports (id) on delete cascade,
  name         text not null,
  content_type text not null,
  bytes        bytea not null,
  created_at   timestamptz not null default now(),
  primary key (import_id, name)
);
