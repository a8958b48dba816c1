-- lowest version: 0.1.0
-- Webhooks, their deliveries, the events of batches, and how far events were turned into deliveries.

-- Positions in events are numbers of this sequence. A function, because a runtime role has no rights on sequences.
create function last_event_id() returns bigint language sql volatile security definer set search_path = '' as
  $$ select case when is_called then last_value else 0 end from ecs_image_import.events_id_seq $$;

-- Shares the numbers of events, so that one position covers both tables.
create table batch_events (
  id       bigint primary key,
  batch_id text not null references batches (id) on delete cascade,
  at       timestamptz not null default now(),
  state    text not null,
  name     text not null,
  -- Why the batch stopped; null in other states.
  attention jsonb
);
create index batch_events_by_batch on batch_events (batch_id);

create function note_batch_event() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into ecs_image_import.batch_events (id, batch_id, state, name, attention)
  values (nextval('ecs_image_import.events_id_seq'), new.id, new.state, new.name, new.attention);
  return null;
end $$;

create trigger note_batch_events after update of state, attention on batches for each row
  when (new.state in ('attention', 'succeeded', 'failed', 'cancelled') and (new.state <> old.state
    or new.state = 'attention' and new.attention ->> 'code' is distinct from old.attention ->> 'code'))
  execute function note_batch_event();

create table webhooks (
  id              text primary key,
  url             text not null,
  description     text not null,
  -- `import.failed`, `import.*`, `*`
  events          text[] not null,
  -- The identity that created it: { id, name, role, scope }. It gets only events that this identity may see.
  creator         jsonb not null,
  -- [{ secret, until }], the newest first; until: when the secret is no longer used, null for the newest.
  secrets         jsonb not null,
  -- { reason, since }: it gets no deliveries. Null: it is enabled.
  disabled        jsonb,
  -- Since the first failure after the last success.
  failing_since   timestamptz,
  -- The target asked for a pause.
  paused_until    timestamptz,
  last_success_at timestamptz,
  created_at      timestamptz not null default now()
);

-- A dead delivery is not attempted again, unless a user requests it.
create table webhook_deliveries (
  webhook_id text not null references webhooks (id) on delete cascade,
  -- The header webhook-id; the same in every attempt.
  id         text not null,
  -- The order in lists.
  number     bigint generated always as identity,
  type       text not null,
  payload    text not null,
  state      text not null check (state in ('pending', 'delivered', 'dead')),
  -- Attempts that have begun; the number of the latest one is the fence of its result.
  attempts   integer not null default 0,
  -- Of these attempts, the ones of the current schedule: a new delivery on request begins it again.
  tries      integer not null default 0,
  -- The time of the next attempt. While one is under way, the time after which its process counts as dead.
  next_at    timestamptz not null default now(),
  -- The latest attempts: [{ attempt, at, durationMs, status, error, answer }], the newest first.
  log        jsonb not null default '[]',
  created_at timestamptz not null default now(),
  ended_at   timestamptz,
  primary key (webhook_id, id)
);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_at) where state = 'pending';
create index webhook_deliveries_in_order on webhook_deliveries (webhook_id, number);
create index webhook_deliveries_by_state on webhook_deliveries (webhook_id, state, number);
create index webhook_deliveries_old on webhook_deliveries (created_at);
alter table webhook_deliveries set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- One row. One process turns events into deliveries and sends them, until its lease ends.
create table webhook_cursor (
  only_row    boolean primary key default true check (only_row),
  position    bigint not null default 0,
  holder      text,
  lease_until timestamptz not null default '-infinity'
);
insert into webhook_cursor (position) select case when is_called then last_value else 0 end from events_id_seq;
