-- lowest version: 0.1.0
-- outside a transaction

create unique index concurrently if not exists uploads_by_account_and_content on uploads (account, bucket, prefix, sha256, form)
  where sha256 is not null and state <> 'removing';
drop index concurrently if exists uploads_by_content;
create index concurrently if not exists imports_by_account on imports ((request ->> 'account'), id) where request ? 'account';
