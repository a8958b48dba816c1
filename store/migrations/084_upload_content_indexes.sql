-- lowest version: 0.1.0
-- outside a transaction

create index concurrently if not exists uploads_by_disk_content on uploads (account, bucket, prefix, content_layout)
  where content is not null and state = 'whole';
-- The same source is another object where its free blocks are left out, or where a worker sends another format.
create unique index concurrently if not exists uploads_by_sha256_and_variant on uploads (account, bucket, prefix, sha256, form, variant)
  where sha256 is not null and state <> 'removing';
drop index concurrently if exists uploads_by_account_and_content;
