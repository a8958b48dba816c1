-- lowest version: 0.1.0
-- One resume per stop: the resume that claimed it, until its signal has been delivered.

alter table imports
  -- { attentionVersion, attention, request, requestBefore }: the signal to send, and the values to restore if no workflow receives it.
  add column resume_claim jsonb,
  add column resume_claimed_at timestamptz,
  -- The last resumed stop: a late write of that stop does not restore it.
  add column resumed_version bigint;

create index imports_with_resume_claim on imports (resume_claimed_at) where resume_claim is not null;
