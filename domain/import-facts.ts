/** What an import found and sent, for its report. */

/** One disk, as it was read and as it is in the bucket. Null: not known. */
export interface DiskFacts {
  readonly disk: number;
  /** Without secrets. */
  readonly source: string;
  readonly sourceBytes: number | null;
  /** Of the source. */
  readonly sha256: string | null;
  /** `as-is` or `converted`. */
  readonly sentAs: string;
  /** Of the object. */
  readonly format: string | null;
  readonly object: string;
  readonly objectBytes: number | null;
  readonly crc64: string | null;
}

export interface ShareFacts {
  readonly regionId: string;
  readonly imageId: string;
  readonly accounts: readonly string[];
}

/** Parameters of ImportImage as they were sent; absent parameters take the cloud's defaults. */
export type SentSettings = Readonly<Record<string, unknown>>;

export type ImportFact =
  | { readonly kind: 'account'; readonly accountId: string }
  | { readonly kind: 'settings'; readonly settings: SentSettings }
  | ({ readonly kind: 'disk' } & DiskFacts)
  | ({ readonly kind: 'shares' } & ShareFacts);

export interface ImportFacts {
  /** Null: not an item of a batch. */
  readonly batchId: string | null;
  readonly accountId: string | null;
  readonly settings: SentSettings | null;
  readonly disks: readonly DiskFacts[];
  readonly shares: readonly ShareFacts[];
}

/** Of several facts with the same key, the last one applies. */
export function keyOfFact(fact: ImportFact): string {
  switch (fact.kind) {
    case 'account':
    case 'settings':
      return fact.kind;
    case 'disk':
      return `disk/${fact.disk}`;
    case 'shares':
      return `shares/${fact.imageId}`;
  }
}

export function factsIn(stored: readonly ImportFact[], batchId: string | null = null): ImportFacts {
  return {
    batchId,
    accountId: stored.find((fact) => fact.kind === 'account')?.accountId ?? null,
    settings: stored.find((fact) => fact.kind === 'settings')?.settings ?? null,
    disks: stored
      .flatMap((fact) => (fact.kind === 'disk' ? [withoutKind(fact)] : []))
      .sort((one, other) => one.disk - other.disk),
    shares: stored.flatMap((fact) => (fact.kind === 'shares' ? [withoutKind(fact)] : [])),
  };
}

function withoutKind<Fact extends { readonly kind: string }>({ kind: _, ...fact }: Fact): Omit<Fact, 'kind'> {
  return fact;
}

/**
 * Who requested something, as the client states it: nothing of it is verified without access control. `identity` is for an
 * authenticated identity.
 */
export interface Requester {
  /** Name and version of the client, from `User-Agent`. */
  readonly client: string | null;
  /** `user@host`, as the command line sends it. */
  readonly user: string | null;
  readonly identity: string | null;
}
