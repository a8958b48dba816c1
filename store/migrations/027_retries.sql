-- lowest version: 0.1.0
-- Why the last attempt of an import's step failed, and when the next one starts.

alter table imports
  -- { code, message, remedy, requestId, since, nextAt, givesUpAt }; null: the current step has not failed since its last progress.
  add column retrying jsonb;
