/** What a batch needs of an item to start its import. */
import type { ImportRequest } from '../domain/request/request.js';
import type { SearchValues } from '../domain/search-attributes.js';

export interface ItemToStart {
  readonly importId: string;
  readonly fileQueue: string;
  /** What Temporal shows of it. Absent in answers of earlier versions. */
  readonly search?: SearchValues;
}

/** An item with its request, which no history of a batch may contain: ten thousand of them would fill it. */
export interface ClaimedItem extends ItemToStart {
  readonly search: SearchValues;
  readonly request: ImportRequest;
}

/** The columns of `ClaimedItem` from `item`, a row of `batch_items`, and `batch`. */
export const ITEM_COLUMNS = `item.request, item.import_id as "importId", item.file_queue as "fileQueue", jsonb_strip_nulls(jsonb_build_object(
  'batch', item.batch_id, 'region', item.region, 'bucket', item.bucket, 'name', item.image_name,
  'owner', coalesce(batch.created_by ->> 'identity', batch.created_by ->> 'user'), 'state', 'running')) as search`;
