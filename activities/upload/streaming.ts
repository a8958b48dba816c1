/** What all uploads of a process share to compress disks while they are sent. */
import type { CompressionPool } from '../../images/stream/compression-pool.js';
import type { PartLimits } from '../../images/stream/layout.js';
import type { UploadContents } from '../../store/upload-contents.js';
import type { UploadRanges } from '../../store/upload-ranges.js';

export interface Streaming {
  readonly pool: CompressionPool;
  readonly ranges: UploadRanges;
  readonly limits: PartLimits;
  readonly contents: UploadContents;
}
