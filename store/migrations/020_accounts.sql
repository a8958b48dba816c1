-- lowest version: 0.1.0
-- The account of a request ('': that of the worker's own credentials), where the record keeps accounts apart.

-- An object is shared only within an account.
alter table uploads add column account text not null default '';
drop index uploads_by_content;
create unique index uploads_by_content on uploads (bucket, prefix, sha256, form, account)
  where sha256 is not null and state <> 'removing';

alter table orphan_snapshots add column account text not null default '';

-- Limits and quotas of a batch apply to a region of an account.
alter table batch_items add column account text not null default '';
alter table batch_lanes add column account text not null default '';
alter table batch_lanes drop constraint batch_lanes_pkey, add primary key (batch_id, account, region, bucket);

create index imports_by_account on imports ((request ->> 'account'), id) where request ? 'account';
