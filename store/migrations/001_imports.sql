-- lowest version: 0.1.0
-- Imports and their state, timeline, ledger, findings and events.

create table imports (
  id                  text primary key,
  state               text not null check (state in ('running', 'attention', 'cancelling', 'succeeded', 'failed', 'cancelled')),
  phase               text not null,
  -- Step of the workflow × 1,000,000 + attempt: a late write never overwrites a newer state.
  version             bigint not null default 0,
  request             jsonb not null,
  progress            jsonb not null,
  image               jsonb,
  copies              jsonb not null default '[]',
  attention           jsonb,
  -- The version at which the import stopped for attention; `resume` states it, so that it resumes only that stop.
  attention_version   bigint,
  error               jsonb,
  batch_id            text,
  file_queue          text not null,
  idempotency_key     text unique,
  request_digest      text not null,
  workflow_started_at timestamptz,
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);

create index imports_by_state on imports (state, id);
create index imports_by_batch on imports (batch_id, id) where batch_id is not null;
create index imports_to_start on imports (created_at) where workflow_started_at is null;

create table timeline (
  import_id  text not null references imports (id) on delete cascade,
  phase      text not null,
  started_at timestamptz not null default now(),
  ended_at   timestamptz,
  primary key (import_id, phase)
);

create table ledger (
  import_id  text not null references imports (id) on delete cascade,
  kind       text not null,
  key        text not null,
  region_id  text not null,
  detail     jsonb not null default '{}',
  status     text not null check (status in ('intended', 'created', 'removed', 'kept')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (import_id, kind, key)
);

create table findings (
  import_id text not null references imports (id) on delete cascade,
  source    text not null,
  ordinal   integer not null,
  finding   jsonb not null,
  primary key (import_id, source, ordinal)
);

create table events (
  id        bigint generated always as identity primary key,
  import_id text not null references imports (id) on delete cascade,
  at        timestamptz not null default now(),
  type      text not null,
  phase     text not null,
  state     text not null,
  message   text not null,
  detail    jsonb not null default '{}'
);

create index events_by_import on events (import_id, id);
