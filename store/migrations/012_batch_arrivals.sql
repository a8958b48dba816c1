-- lowest version: 0.1.0
-- A batch whose file is still being received: hidden, and removed if the process that receives it ends.
-- workflow_started_at is set meanwhile, so that an older program does not start it.

alter table batches add column arriving_seen_at timestamptz;

create index batches_arriving on batches (arriving_seen_at) where arriving_seen_at is not null;
