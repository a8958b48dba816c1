-- lowest version: 0.1.0
-- An accepted cancel takes precedence over a final state that is not written yet.

alter table imports add column cancel_asked_at timestamptz;
