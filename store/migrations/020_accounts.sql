-- lowest version: 0.1.0
-- The account of a request, where the record keeps accounts apart. '' is the account of the worker's own credentials.

-- An object is shared only within an account.
alter table uploads add column account text not null default '';

alter table orphan_snapshots add column account text not null default '';

-- The limits and quotas of a batch apply to a region of an account.
alter table batch_items add column account text not null default '';
alter table batch_lanes add column account text not null default '';
alter table batch_lanes drop constraint batch_lanes_pkey, add primary key (batch_id, account, region, bucket);
