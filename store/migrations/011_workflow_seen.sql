-- lowest version: 0.1.0
-- When a process last saw the workflow running. A process that is connected to another server then concludes nothing.

alter table imports add column workflow_seen_at timestamptz;
alter table batches add column workflow_seen_at timestamptz;
