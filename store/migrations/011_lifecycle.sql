-- lowest version: 0.1.0
-- Where the workflow of an import or batch runs, when it was last seen there, and cancels that Temporal has not received.

alter table imports
  -- { keepImage }: recorded while Temporal could not be reached; the sweep delivers it.
  add column cancel_undelivered jsonb,
  -- { namespace, namespaceId, clusterId }: the Temporal server on which the workflow was started or last seen.
  add column temporal jsonb,
  add column workflow_checked_at timestamptz,
  -- { state, attention, attentionVersion }: restored when the workflow is found again.
  add column before_lost jsonb;

create index imports_with_undelivered_cancel on imports (id) where cancel_undelivered is not null;
create index imports_by_workflow_check on imports (workflow_checked_at nulls first)
  where state in ('running', 'attention', 'cancelling');

alter table batches
  add column temporal jsonb,
  add column workflow_checked_at timestamptz,
  add column before_lost jsonb;
