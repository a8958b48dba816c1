-- lowest version: 0.1.0
-- outside a transaction
-- Every read of a large table has an index whose first rows are the result.

drop index concurrently if exists events_by_import;
-- The deletion of an import finds its references.
create index concurrently if not exists upload_holds_by_import on upload_holds (import_id);
create index concurrently if not exists imports_by_account_and_state on imports ((request ->> 'account'), state, id)
  where request ? 'account';
create index concurrently if not exists imports_by_batch_and_state on imports (batch_id, state, id) where batch_id is not null;
-- Items in a state, in their order, and how many there are.
create index concurrently if not exists batch_items_in_state on batch_items (batch_id, state, item);
create index concurrently if not exists batch_items_fresh on batch_items (batch_id) where state = 'waiting' and attempt = 0;
create index concurrently if not exists batch_items_by_end on batch_items (batch_id, ended_at) where state in ('succeeded', 'failed');
drop index concurrently if exists batch_items_by_state;
create index concurrently if not exists batches_by_state on batches (state, id) where arriving_seen_at is null;
-- The search for orphans: the places that imports have used, and what the ledgers still contain.
create index concurrently if not exists imports_by_place on imports ((coalesce(request ->> 'account', '')),
  (request ->> 'region'), (request -> 'upload' ->> 'bucket'), (coalesce(request -> 'upload' ->> 'prefix', '')));
create index concurrently if not exists imports_by_destinations on imports
  ((coalesce(request ->> 'account', '')), (request -> 'distribute' -> 'regions'))
  where request -> 'distribute' -> 'regions' <> '[]';
create index concurrently if not exists ledger_by_place on ledger
  (region_id, (detail ->> 'bucket'), (split_part(detail ->> 'key', import_id, 1)))
  where kind in ('object', 'multipart-upload') and strpos(detail ->> 'key', import_id) > 0;
create index concurrently if not exists ledger_by_image on ledger ((coalesce(nullif(detail ->> 'imageId', ''), key)))
  where kind in ('image', 'copy') and status <> 'removed';
create index concurrently if not exists ledger_by_object on ledger ((detail ->> 'bucket'), (detail ->> 'key'))
  where kind in ('object', 'multipart-upload') and status <> 'removed';
-- Ended batches whose result is not kept yet.
create index concurrently if not exists batches_without_result on batches (id) where ended_at is not null and result is null;
