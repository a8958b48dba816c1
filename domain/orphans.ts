/** Orphans: cloud resources with our tag or in our folders that no ledger contains. */

export type OrphanKind = 'image' | 'object' | 'multipart-upload';

/** A cloud resource whose tag or key contains the ID of an import. */
export interface TaggedResource {
  readonly kind: OrphanKind;
  readonly importId: string;
  readonly regionId: string;
  /** Image id, or `oss://bucket/key`. */
  readonly key: string;
  readonly name: string;
  readonly bytes: number;
  /** ISO time; null: unknown. */
  readonly since: string | null;
  /** For an image: whether its status is `Available`. */
  readonly available?: boolean;
  /** For a multipart upload. */
  readonly uploadId?: string;
}

export interface Orphan extends TaggedResource {
  readonly why: string;
  /** The storage cost per month, at the price below. */
  readonly monthlyCny: number;
  /** A finished image whose import is not in this database. It may belong to another installation. */
  readonly foreign: boolean;
}

/** What the database contains about the imports of the observed resources. */
export interface RecordedImports {
  /** Imports that are not final. Their resources are never orphans. */
  readonly live: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
  /** Keys, as in `TaggedResource`, of ledger entries with the status created or kept. */
  readonly held: ReadonlySet<string>;
  /** When the next late check of an ended import is due (domain/late-check.ts); absent: none is. ISO times. */
  readonly lateChecks?: ReadonlyMap<string, string>;
}

/** The vendor's list price per GiB and month for standard storage and snapshots in mainland China. Other regions differ little. */
const CNY_PER_GIB_MONTH = 0.12;
const GIB = 1024 ** 3;

export function findOrphans(
  seen: readonly TaggedResource[],
  { live, known, held, lateChecks }: RecordedImports,
): readonly Orphan[] {
  return seen
    .filter(({ importId, key }) => !live.has(importId) && !held.has(key))
    .map((one) => ({
      ...one,
      why: known.has(one.importId)
        ? `its import has ended and its ledger does not contain it${lateCheckNote(lateChecks?.get(one.importId))}`
        : 'its import is not in this database',
      monthlyCny: monthlyCny(one.bytes),
      foreign: one.kind === 'image' && one.available === true && !known.has(one.importId),
    }));
}

function lateCheckNote(due: string | undefined): string {
  return due === undefined ? '' : `; the late check at ${due} removes it if a call of the import created it`;
}

/** The orphan with its size and cost filled in. */
export function withSize(orphan: Orphan, bytes: number): Orphan {
  return { ...orphan, bytes, monthlyCny: monthlyCny(bytes) };
}

function monthlyCny(bytes: number): number {
  return Math.round((bytes / GIB) * CNY_PER_GIB_MONTH * 100) / 100;
}
