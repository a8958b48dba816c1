-- lowest version: 0.1.0
-- A batch whose file is still being received: hidden, and removed if the process that receives it ends.
-- created_at and workflow_started_at are 'infinity' meanwhile, so that nothing starts it, checks its workflow or counts its waits.

alter table batches add column arriving_seen_at timestamptz;

create index batches_arriving on batches (arriving_seen_at) where arriving_seen_at is not null;
