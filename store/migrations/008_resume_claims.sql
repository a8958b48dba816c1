-- lowest version: 0.1.0
-- One resume a stop: the resume that claimed it, until its signal has been delivered.

alter table imports
  -- { attentionVersion, attention, request, requestBefore }: what to signal, and what to restore where no workflow takes it.
  add column resume_claim jsonb,
  add column resume_claimed_at timestamptz,
  -- The last stop that was resumed: a late write of that stop does not bring it back.
  add column resumed_version bigint;

create index imports_with_resume_claim on imports (resume_claimed_at) where resume_claim is not null;
