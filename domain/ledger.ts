/** The ledger of an import: one typed entry for each cloud resource that the import created or was about to create. */
import type { ObjectLocation } from './object-location.js';

/**
 * `intended` is written before the call that creates the resource, `created` after it.
 * `removed`: deleted, as intended. `kept`: meant to stay.
 */
export type LedgerStatus = 'intended' | 'created' | 'removed' | 'kept';

/** What the ledger knows of a resource, by kind; null: not known yet. */
interface LedgerDetails {
  readonly 'multipart-upload': {
    readonly location: ObjectLocation;
    readonly uploadId: string | null;
    /** An import that still uses the object. */
    readonly usedBy: string | null;
  };
  readonly object: {
    readonly location: ObjectLocation;
    readonly size: number | null;
    readonly crc64: string | null;
    readonly usedBy: string | null;
  };
  /** The key is the id of the task. */
  readonly task: { readonly imageId: string | null };
  /** The key is the name of the image. */
  readonly image: {
    readonly imageId: string | null;
    readonly clientToken: string | null;
    /** The cloud's ID of the call that created it; null for an image that was adopted after a lost response. */
    readonly requestId: string | null;
  };
  /** The key is the region and the name of the copy. */
  readonly copy: {
    readonly imageId: string | null;
    readonly sourceImageId: string | null;
    readonly clientToken: string | null;
    /** Counts the copies made for this region: a copy that failed is made again with another client token. */
    readonly round: number;
    readonly requestId: string | null;
  };
  /** The key is the id of the snapshot, which outlives its image. */
  readonly snapshot: { readonly imageId: string | null };
  /** The key is the name of the role. */
  readonly role: Readonly<Record<never, never>>;
  readonly 'policy-attachment': {
    readonly policy: string | null;
    /** This import created the policy itself, too. */
    readonly madeHere: boolean;
  };
}

export type ResourceKind = keyof LedgerDetails;

/** One cloud resource that an import created or was about to create; a union over `kind`. */
export type LedgerEntry<Kind extends ResourceKind = ResourceKind> = {
  [Each in Kind]: {
    readonly kind: Each;
    /** Unique within the import and kind. */
    readonly key: string;
    readonly regionId: string;
    readonly detail: LedgerDetails[Each];
    readonly status: LedgerStatus;
    readonly createdAt: string;
    readonly updatedAt: string;
  };
}[Kind];

/** A change of an entry, or a new one. Fields that `detail` leaves out stay as they are; null clears one. */
export type LedgerWrite<Kind extends ResourceKind = ResourceKind> = {
  [Each in Kind]: {
    readonly kind: Each;
    readonly key: string;
    readonly regionId: string;
    readonly status: LedgerStatus;
    readonly detail?: Partial<LedgerDetails[Each]>;
  };
}[Kind];

/** The entries of one kind whose resource is, or may be, in the cloud. */
export function openEntries<Kind extends ResourceKind>(ledger: readonly LedgerEntry[], kind: Kind) {
  return ledger.filter(
    (entry): entry is Extract<LedgerEntry, { kind: Kind }> => entry.kind === kind && entry.status !== 'removed',
  );
}
