/** Orphans: cloud resources with our tag or in our folders that no ledger contains. */

import type { OssAccess } from './oss-access.js';

export type OrphanKind = 'image' | 'snapshot' | 'object' | 'multipart-upload';

/** A cloud resource whose tag or key contains the ID of an import. */
export interface TaggedResource {
  readonly kind: OrphanKind;
  readonly importId: string;
  /** The account that it was found in; null: that of the worker's own credentials. */
  readonly account: string | null;
  readonly regionId: string;
  /** ID of the image or snapshot, or `oss://bucket/key`. */
  readonly key: string;
  readonly name: string;
  readonly bytes: number;
  /** ISO time; null: unknown. */
  readonly since: string | null;
  /** For an image: whether its status is `Available`. */
  readonly available?: boolean;
  /** For a snapshot: whether an image uses it, so that it is not an orphan itself. */
  readonly inUse?: boolean;
  /** For a multipart upload. */
  readonly uploadId?: string;
  /** For an object or a multipart upload. */
  readonly access?: OssAccess;
}

export interface Orphan extends TaggedResource {
  readonly why: string;
  /** The storage cost per month, at the price below. */
  readonly monthlyCny: number;
  /** A finished image, or a snapshot, whose import is not in this database. It may belong to another installation. */
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
    .filter((one) => !live.has(one.importId) && !isAccounted(one, held))
    .map((one) => ({
      ...one,
      why: reason(one, known.has(one.importId), lateChecks?.get(one.importId)),
      monthlyCny: monthlyCny(one.bytes),
      foreign: isFinished(one) && !known.has(one.importId),
    }));
}

function lateCheckNote(due: string | undefined): string {
  return due === undefined ? '' : `; the late check at ${due} removes it if a call of the import created it`;
}

/** The ledger keeps a snapshot for its image. Without the image, nothing needs it. */
function isAccounted({ kind, key, inUse }: TaggedResource, held: ReadonlySet<string>): boolean {
  return kind === 'snapshot' ? inUse === true : held.has(key);
}

function reason({ kind }: TaggedResource, isKnown: boolean, lateCheck: string | undefined): string {
  if (!isKnown) return 'its import is not in this database';
  return kind === 'snapshot'
    ? 'its import has ended and its image does not exist'
    : `its import has ended and its ledger does not contain it${lateCheckNote(lateCheck)}`;
}

function isFinished({ kind, available }: TaggedResource): boolean {
  return kind === 'snapshot' || (kind === 'image' && available === true);
}

/** The orphan with its size and cost filled in. */
export function withSize(orphan: Orphan, bytes: number): Orphan {
  return { ...orphan, bytes, monthlyCny: monthlyCny(bytes) };
}

function monthlyCny(bytes: number): number {
  return Math.round((bytes / GIB) * CNY_PER_GIB_MONTH * 100) / 100;
}
