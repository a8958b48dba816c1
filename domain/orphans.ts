/** Orphans: what lies in the cloud under our tag or in our folders and that no ledger accounts for. */

export type OrphanKind = 'image' | 'object' | 'multipart-upload';

/** Something in the cloud that carries the id of an import. */
export interface TaggedResource {
  readonly kind: OrphanKind;
  readonly importId: string;
  readonly regionId: string;
  /** Image id, or `oss://bucket/key`. */
  readonly key: string;
  readonly name: string;
  readonly bytes: number;
  /** ISO time; null: the cloud does not say. */
  readonly since: string | null;
  /** Of an image: whether it can be started. Of an upload: its id. */
  readonly available?: boolean;
  readonly uploadId?: string;
}

export interface Orphan extends TaggedResource {
  readonly why: string;
  /** What it costs a month to keep, at the price below. */
  readonly monthlyCny: number;
  /** Finished images of imports that are not known here may be another installation's work. */
  readonly foreign: boolean;
}

/** What the record says of the imports that were seen. */
export interface RecordedImports {
  /** Imports that still run, or wait: what is theirs is nobody else's business. */
  readonly live: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
  /** Keys as in `TaggedResource` that a ledger holds as made or kept. */
  readonly held: ReadonlySet<string>;
}

/** The vendor's list price of a GiB and month of standard storage and of snapshots in mainland China; others differ little. */
const CNY_PER_GIB_MONTH = 0.12;
const GIB = 1024 ** 3;

export function findOrphans(
  seen: readonly TaggedResource[],
  { live, known, held }: RecordedImports,
): readonly Orphan[] {
  return seen
    .filter(({ importId, key }) => !live.has(importId) && !held.has(key))
    .map((one) => ({
      ...one,
      why: known.has(one.importId) ? 'its import has ended without it' : 'its import is not known here',
      monthlyCny: monthlyCny(one.bytes),
      foreign: one.kind === 'image' && one.available === true && !known.has(one.importId),
    }));
}

/** The same, once it is known how large it is. */
export function withSize(orphan: Orphan, bytes: number): Orphan {
  return { ...orphan, bytes, monthlyCny: monthlyCny(bytes) };
}

function monthlyCny(bytes: number): number {
  return Math.round((bytes / GIB) * CNY_PER_GIB_MONTH * 100) / 100;
}
