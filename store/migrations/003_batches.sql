-- lowest version: 0.1.0
-- Batches and their items. Items are stored here, never in a workflow's history.

create table batches (
  id              text primary key,
  name            text not null unique,
  state           text not null check (state in ('running', 'paused', 'attention', 'cancelling', 'succeeded', 'failed', 'cancelled')),
  policy          jsonb not null,
  -- Why the batch stopped for attention, and why a running batch waits.
  attention       jsonb,
  waits_for       jsonb,
  -- Step of the workflow: a late write never overwrites a newer state.
  step            bigint not null default 0,
  -- The last claimed page of items; a repeated claim returns the same page.
  claimed_page    integer not null default 0,
  -- Digest of the file and its settings; the same name or key with another digest is refused.
  digest          text not null,
  idempotency_key text unique,
  workflow_started_at timestamptz,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  ended_at        timestamptz
);

create index batches_to_start on batches (created_at) where workflow_started_at is null;

create table batch_items (
  batch_id   text not null references batches (id) on delete cascade,
  item       integer not null,
  line       integer not null,
  state      text not null check (state in ('invalid', 'waiting', 'started', 'succeeded', 'failed', 'cancelled')),
  region     text not null,
  bucket     text not null,
  image_name text not null,
  request    jsonb,
  problems   jsonb,
  file_queue text not null,
  priority   integer not null,
  -- The order in which items start, from priority and the policy's order.
  rank       bigint not null,
  attempt    integer not null default 0,
  page       integer,
  -- The import of the latest attempt.
  import_id  text,
  started_at timestamptz,
  ended_at   timestamptz,
  primary key (batch_id, item)
);

create index batch_items_by_state on batch_items (batch_id, state);
create index batch_items_waiting on batch_items (batch_id, region, bucket, rank) where state = 'waiting';
create index batch_items_started on batch_items (batch_id, import_id) where state = 'started';
create index batch_items_by_page on batch_items (batch_id, page) where page is not null;

-- The regions and buckets of a batch: a claim reads only the first waiting items of each.
create table batch_lanes (
  batch_id text not null references batches (id) on delete cascade,
  region   text not null,
  bucket   text not null,
  primary key (batch_id, region, bucket)
);
