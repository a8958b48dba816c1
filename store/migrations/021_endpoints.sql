-- lowest version: 0.1.0
-- outside a transaction
-- How imports reached their buckets, where their requests chose it: few different values.
create index concurrently if not exists imports_by_access on imports ((coalesce(request ->> 'account', '')),
  (request ->> 'region'), (request -> 'upload' ->> 'bucket'), (coalesce(request -> 'upload' ->> 'endpoint', 'auto')),
  (coalesce(request ->> 'storageLocationArn', '')))
  where (request -> 'upload' ? 'endpoint' or request ? 'storageLocationArn') and request -> 'upload' ? 'bucket';
