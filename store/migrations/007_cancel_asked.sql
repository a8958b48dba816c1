-- lowest version: 0.1.0
-- A cancel that was accepted wins over an end that is about to be written.

alter table imports add column cancel_asked_at timestamptz;
