-- lowest version: 0.1.0
-- The late check: what a call of an import created after its end is found and removed.

alter table imports
  -- An attempt was repeated, or a worker reported something after a newer attempt had begun: a call may still take effect.
  add column uncertain boolean not null default false,
  -- When the import is checked next; null: no check is due.
  add column check_after timestamptz,
  add column late_checks integer not null default 0,
  -- Counts the runs of late checks; a run writes only while it is the last one.
  add column late_version bigint not null default 0;

create index imports_to_check on imports (check_after) where check_after is not null;
