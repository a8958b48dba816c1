/** How much of a file is compressed data, and how much content they have. */
export interface CompressedExtent {
  /** Bytes of the decompressed content; null: the file does not record it. */
  readonly contentSize: number | null;
  /** Where the compressed data end; other bytes may follow. Null: unknown. */
  readonly end: number | null;
}
