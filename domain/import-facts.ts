/** What an import found and sent, for its report. */

import type { Setting } from './image-settings.js';
import type { Phase } from './import.js';

/** One disk, as it was read and as it is in the bucket. Null: not known. */
export interface DiskFacts {
  readonly disk: number;
  /** Without secrets. */
  readonly source: string;
  readonly sourceBytes: number | null;
  /** Of the source. Null: not computed, as the request has none and the service did not know it before. `crc64` is of the object. */
  readonly sha256: string | null;
  /** `as-is` or `converted`. */
  readonly sentAs: string;
  /** Of the object. */
  readonly format: string | null;
  readonly object: string;
  readonly objectBytes: number | null;
  readonly crc64: string | null;
}

/** What an import is going to do with a disk, as preflight has decided. Null: not known before the upload. */
export interface PlannedDisk {
  readonly disk: number;
  /** Without secrets. */
  readonly source: string;
  readonly sourceBytes: number | null;
  /** `as-is`, `converted`, `if-faster` (converted, if the link is slow), `unknown` (decided on the worker). */
  readonly sentAs: string;
  readonly format: string | null;
  readonly diskImageSizeGiB: number | null;
  readonly bucket: string;
  /** Null: it is uploaded. Otherwise the object is already there. */
  readonly key: string | null;
  /** The bytes that are sent at most. */
  readonly bytesAtMost: number | null;
}

/** Whether the role with which ECS reads the bucket is as the import needs it. Read in a dry run only. */
export interface PlannedRole {
  readonly mode: 'ensure' | 'verify' | 'skip';
  /** Null: not checked. */
  readonly isReady: boolean | null;
  /** What is missing, which `ensure` creates; or why it was not checked. */
  readonly message: string | null;
}

export interface PlanFacts {
  readonly disks: readonly PlannedDisk[];
  readonly settings: readonly Setting[];
  readonly role: PlannedRole;
}

export interface ShareFacts {
  readonly regionId: string;
  readonly imageId: string;
  readonly accounts: readonly string[];
}

/** One attribute of a copy that was not that of its source. Null: the cloud reports none. */
export interface AttributeDifference {
  /** As in the vendor's API, such as `Features.NvmeSupport`. */
  readonly name: string;
  readonly source: string;
  readonly copy: string | null;
}

export interface ResourceShareFacts {
  readonly regionId: string;
  readonly imageId: string;
  readonly shareId: string;
}

export interface CopyFacts {
  readonly regionId: string;
  readonly imageId: string;
  /** Set after the copy, because the cloud does not carry them over. */
  readonly set: readonly AttributeDifference[];
  /** Still different. */
  readonly remaining: readonly AttributeDifference[];
  /** Why attributes could not be set, in the cloud's words; null: the cloud accepted every change. */
  readonly refusal: string | null;
}

/** A call with which the import has changed the cloud. */
export interface CallFacts {
  readonly at: string;
  readonly phase: Phase;
  readonly service: string;
  readonly action: string;
  readonly requestId: string;
}

/** Parameters of ImportImage as they were sent; absent parameters take the cloud's defaults. */
export type SentSettings = Readonly<Record<string, unknown>>;

export type ImportFact =
  | { readonly kind: 'account'; readonly accountId: string }
  | { readonly kind: 'settings'; readonly settings: SentSettings }
  | ({ readonly kind: 'disk' } & DiskFacts)
  | ({ readonly kind: 'plan' } & PlanFacts)
  | ({ readonly kind: 'shares' } & ShareFacts)
  | ({ readonly kind: 'resource-share' } & ResourceShareFacts)
  | ({ readonly kind: 'copy' } & CopyFacts);

export interface ImportFacts {
  /** Null: not an item of a batch. */
  readonly batchId: string | null;
  readonly accountId: string | null;
  readonly settings: SentSettings | null;
  readonly disks: readonly DiskFacts[];
  /** Null: preflight has not passed, or in an earlier version. */
  readonly plan: PlanFacts | null;
  readonly shares: readonly ShareFacts[];
  /** Written before the image is added. */
  readonly resourceShares: readonly ResourceShareFacts[];
  /** Copies that differed from their source when they were available. */
  readonly copies: readonly CopyFacts[];
  /** In the order in which steps have ended. Calls with which parts were sent are left out. */
  readonly calls: readonly CallFacts[];
}

/** Of several facts with the same key, the last one applies. */
export function keyOfFact(fact: ImportFact): string {
  switch (fact.kind) {
    case 'account':
    case 'settings':
    case 'plan':
      return fact.kind;
    case 'disk':
      return `disk/${fact.disk}`;
    case 'shares':
      return `shares/${fact.imageId}`;
    case 'resource-share':
      return `resource-share/${fact.imageId}/${fact.shareId}`;
    case 'copy':
      return `copy/${fact.imageId}`;
  }
}

export function factsIn(
  stored: readonly ImportFact[],
  batchId: string | null = null,
  calls: readonly CallFacts[] = [],
): ImportFacts {
  return {
    batchId,
    accountId: stored.find((fact) => fact.kind === 'account')?.accountId ?? null,
    settings: stored.find((fact) => fact.kind === 'settings')?.settings ?? null,
    disks: stored
      .flatMap((fact) => (fact.kind === 'disk' ? [withoutKind(fact)] : []))
      .sort((one, other) => one.disk - other.disk),
    plan: stored.flatMap((fact) => (fact.kind === 'plan' ? [withoutKind(fact)] : []))[0] ?? null,
    shares: stored.flatMap((fact) => (fact.kind === 'shares' ? [withoutKind(fact)] : [])),
    resourceShares: stored.flatMap((fact) => (fact.kind === 'resource-share' ? [withoutKind(fact)] : [])),
    copies: stored.flatMap((fact) => (fact.kind === 'copy' ? [withoutKind(fact)] : [])),
    calls,
  };
}

function withoutKind<Fact extends { readonly kind: string }>({ kind: _, ...fact }: Fact): Omit<Fact, 'kind'> {
  return fact;
}

/**
 * Who requested something. `client` and `user` are what the client states; `identity` is authenticated.
 */
export interface Requester {
  /** Name and version of the client, from `User-Agent`. */
  readonly client: string | null;
  /** `user@host`, as the command line sends it. */
  readonly user: string | null;
  /** ID of the identity (`domain/access/identity.ts`); null: recorded by a version without identities. */
  readonly identity: string | null;
}
