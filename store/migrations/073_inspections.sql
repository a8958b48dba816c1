-- lowest version: 0.1.0
-- Results of inspections without an import, so that they can be linked to.

create table inspections (
  id         text primary key,
  -- The URL of a file, which has no query.
  source     text not null,
  role       text not null,
  inspection jsonb not null,
  -- { client, user, identity }
  created_by jsonb not null,
  created_at timestamptz not null default now()
);
create index inspections_by_age on inspections (created_at);
