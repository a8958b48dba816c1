-- lowest version: 0.1.0
-- What the imports of a batch name: { accounts, regions, buckets, sources, tags }. Null for batches of earlier versions, which
-- only identities without a scope see.

alter table batches add column names jsonb;
