/** What an import or a batch names: it is compared with the scope of an identity. */
import { parseObjectLocation } from '../object-location.js';
import type { ImportRequest } from '../request/request.js';
import { shownSource } from '../request/source-secrets.js';

export interface NamedValue {
  /** The field of the request. */
  readonly path: string;
  readonly value: string;
}

export interface Named {
  /** The empty string: the account of the worker's own credentials. */
  readonly accounts: readonly NamedValue[];
  readonly regions: readonly NamedValue[];
  readonly buckets: readonly NamedValue[];
  readonly sources: readonly NamedValue[];
  /**
   * Key to values: those of all imports that have it. A key that an import of the batch does not have is absent. Null: it is
   * something that has no tags.
   */
  readonly tags: Readonly<Record<string, readonly string[]>> | null;
}

/** What an inspection reads. @param source a URL */
export function namedByInspection(source: string): Named {
  return { ...NOTHING, sources: [{ path: 'source', value: shownSource(source) }] };
}

/** What a search for orphans reads. @param account `*`: all accounts */
export function namedBySearch(account: string): Named {
  return { ...NOTHING, accounts: [{ path: 'account', value: account }] };
}

const NOTHING: Named = { accounts: [], regions: [], buckets: [], sources: [], tags: null };

/** Every place that the import reads from, writes to or copies to. */
export function namedBy(request: ImportRequest): Named & { readonly tags: object } {
  const { distribute, upload, disks } = request;
  const sources = disks.map(({ source }, index) => ({ path: `disks[${index}].source`, value: shownSource(source) }));
  const keysOf = (field: 'resourceShares' | 'kmsKeyId') =>
    Object.keys(distribute[field] ?? {}).map((value) => ({ path: `distribute.${field}.${value}`, value }));
  return {
    accounts: [{ path: 'account', value: request.account ?? '' }],
    regions: [
      { path: 'region', value: request.region },
      ...distribute.regions.map((value, index) => ({ path: `distribute.regions[${index}]`, value })),
      ...keysOf('resourceShares'),
      ...keysOf('kmsKeyId'),
    ],
    buckets: [
      ...(upload.bucket ? [{ path: 'upload.bucket', value: upload.bucket }] : []),
      ...sources.flatMap(({ path, value }) => {
        const object = parseObjectLocation(value);
        return object === null ? [] : [{ path, value: object.bucket }];
      }),
    ],
    sources,
    tags: Object.fromEntries(Object.entries(request.tags).map(([key, value]) => [key, [value]])),
  };
}

/** What the imports of a batch name, without repetition; stored with the batch. */
export interface BatchNames {
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
  readonly buckets: readonly string[];
  /** Null: too many different ones to store. */
  readonly sources: readonly string[] | null;
  readonly tags: Readonly<Record<string, readonly string[]>>;
}

const MOST_SOURCES = 2_000;
const MOST_VALUES = 200;

/** Collects the names of the imports of a batch. A file of 100,000 items needs no more memory than its distinct names. */
export function collectNames() {
  const accounts = new Set<string>();
  const regions = new Set<string>();
  const buckets = new Set<string>();
  const sources = new Set<string>();
  let tags: Map<string, Set<string>> | null = null;

  return {
    add(request: ImportRequest): void {
      const named = namedBy(request);
      for (const { value } of named.accounts) accounts.add(value);
      for (const { value } of named.regions) regions.add(value);
      for (const { value } of named.buckets) buckets.add(value);
      for (const { value } of named.sources) if (sources.size <= MOST_SOURCES) sources.add(value);
      tags ??= new Map(Object.keys(named.tags).map((key) => [key, new Set()]));
      for (const [key, values] of tags) {
        const own = named.tags[key];
        // A tag with so many values is none that a scope names: without it, only identities without tags see the batch.
        if (own === undefined || values.size > MOST_VALUES) tags.delete(key);
        else for (const value of own) values.add(value);
      }
    },
    names(): BatchNames {
      return {
        accounts: [...accounts],
        regions: [...regions],
        buckets: [...buckets],
        sources: sources.size > MOST_SOURCES ? null : [...sources],
        tags: Object.fromEntries([...(tags ?? [])].map(([key, values]) => [key, [...values]])),
      };
    },
  };
}

/** @param names null: those of a batch that an earlier version has created are not known */
export function namedByBatch(names: BatchNames | null): Named {
  const of = (values: readonly string[]) => values.map((value) => ({ path: '', value }));
  // What is not known matches no pattern.
  const unknown = [{ path: '', value: '\0' }];
  if (names === null) return { accounts: unknown, regions: unknown, buckets: unknown, sources: unknown, tags: {} };
  return {
    accounts: of(names.accounts),
    regions: of(names.regions),
    buckets: of(names.buckets),
    sources: names.sources === null ? unknown : of(names.sources),
    tags: names.tags,
  };
}

/** The names of a batch after imports of it have other requests. A key that one side does not have is absent. */
export function mergedNames(before: BatchNames, changed: BatchNames): BatchNames {
  const both = (name: 'accounts' | 'regions' | 'buckets') => [...new Set([...before[name], ...changed[name]])];
  const tags = Object.entries(before.tags).flatMap(([key, values]): [string, readonly string[]][] => {
    const others = Object.hasOwn(changed.tags, key) ? changed.tags[key] : undefined;
    return others === undefined ? [] : [[key, [...new Set([...values, ...others])]]];
  });
  const sources =
    before.sources === null || changed.sources === null ? null : [...new Set([...before.sources, ...changed.sources])];
  return {
    ...{ accounts: both('accounts'), regions: both('regions'), buckets: both('buckets') },
    sources: sources !== null && sources.length > MOST_SOURCES ? null : sources,
    tags: Object.fromEntries(tags),
  };
}
