/** What a batch needs of an item to start its import. */
import type { SearchValues } from '../domain/search-attributes.js';

export interface ItemToStart {
  readonly importId: string;
  readonly fileQueue: string;
  /** What Temporal shows of it. Absent in answers of earlier versions. */
  readonly search?: SearchValues;
}

/** The columns of `ItemToStart` from `item`, a row of `batch_items`, and `batch`. */
export const ITEM_COLUMNS = `item.import_id as "importId", item.file_queue as "fileQueue", jsonb_strip_nulls(jsonb_build_object(
  'batch', item.batch_id, 'region', item.region, 'bucket', item.bucket, 'name', item.image_name,
  'owner', coalesce(batch.created_by ->> 'identity', batch.created_by ->> 'user'), 'state', 'running')) as search`;
