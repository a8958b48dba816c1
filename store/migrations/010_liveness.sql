-- lowest version: 0.1.0
-- Which worker polls which task queue, what waits for a worker, and which activities blocked one.

create table worker_queues (
  namespace  text not null,
  task_queue text not null,
  worker_id  text not null,
  host       text not null,
  -- The name under which Temporal lists the worker as a poller.
  identity   text not null,
  started_at timestamptz not null default now(),
  seen_at    timestamptz not null default now(),
  -- Set by an orderly shutdown.
  ended_at   timestamptz,
  primary key (namespace, task_queue, worker_id)
);

alter table imports
  -- { queue, host, since }: the task queue that no worker polls; null: none is missing.
  add column waiting_for jsonb;

create index imports_waiting_for_a_worker on imports (id) where waiting_for is not null;

-- The state stays `cancelling` until the batch ends, whatever its workflow writes before it receives the cancel.
alter table batches add column cancel_asked_at timestamptz;

-- Attempts whose activity blocked the event loop of its worker until the watchdog ended the process.
create table blocked_attempts (
  id         text primary key,
  activity   text not null,
  -- The import or batch that the activity worked for.
  subject    text not null,
  attempt    integer not null,
  host       text not null,
  -- Of this program: a later version has a new chance.
  version    text not null,
  stack      text not null default '',
  blocked_at timestamptz not null default now()
);

create index blocked_attempts_by_subject on blocked_attempts (subject, activity);
