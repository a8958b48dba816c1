-- lowest version: 0.1.0
-- outside a transaction

create unique index concurrently if not exists uploads_by_identity on uploads (account, bucket, prefix, identity, form, variant)
  where identity is not null and state <> 'removing';
