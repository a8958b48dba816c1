-- lowest version: 0.1.0
-- outside a transaction

-- The complete objects with the content of a disk, for an import of a file that was read before.
create index concurrently if not exists uploads_by_whole_content on uploads (account, bucket, prefix, content)
  where content is not null and state = 'whole';
