/** What an import is going to do, as its preflight has decided: for a dry run, before anything is uploaded. */

import type { ImportView } from '../domain/import.js';
import type { ImportFacts, PlanFacts } from '../domain/import-facts.js';
import type { Prices } from '../store/batch-views.js';
import type { PlanBasis } from '../store/plan-basis.js';

export interface ImportPlanView extends PlanFacts {
  readonly importId: string;
  readonly isDryRun: boolean;
  readonly region: string;
  readonly imageName: string;
  /** Null: not all sizes are known. */
  readonly bytesAtMost: number | null;
  readonly keepsObject: boolean;
  readonly copies: readonly string[];
  readonly sharedWith: readonly string[];
  readonly estimate: {
    readonly uploadSeconds: number | null;
    readonly importSeconds: number | null;
    /** How many recent imports the times are estimated from. */
    readonly fromImports: number;
    /** Null: the operator has set no prices, or the size is not known. */
    readonly cost: {
      readonly currency: string;
      readonly storagePerMonth: number;
      readonly traffic: number;
    } | null;
  };
}

export interface PlanDependencies {
  readonly store: {
    get(importId: string): Promise<ImportView | null>;
    facts(importId: string): Promise<ImportFacts>;
    planBasis(): Promise<PlanBasis>;
  };
  /** Null: the operator has set none. */
  readonly prices: Prices | null;
}

export type PlanOutcome =
  | { readonly kind: 'unknownImport' }
  /** Preflight has not passed: there is no plan yet, or the import was refused. */
  | { readonly kind: 'noPlan'; readonly view: ImportView }
  | { readonly kind: 'planned'; readonly plan: ImportPlanView };

export async function planOf({ store, prices }: PlanDependencies, importId: string): Promise<PlanOutcome> {
  const view = await store.get(importId);
  if (view === null) return { kind: 'unknownImport' };
  const { plan } = await store.facts(importId);
  if (plan === null) return { kind: 'noPlan', view };
  const basis = await store.planBasis();
  const { request } = view;
  const { regions: copies, shareWith: sharedWith } = request.distribute;
  const sizes = plan.disks.map((disk) => disk.bytesAtMost);
  const bytesAtMost = sizes.every((size) => size !== null) ? sum(sizes) : null;
  const diskGiB = plan.disks.map((disk) => disk.diskImageSizeGiB);
  const imageGiB = diskGiB.every((size) => size !== null) ? sum(diskGiB) : null;
  return {
    kind: 'planned',
    plan: {
      ...plan,
      ...{ importId, isDryRun: request.dryRun, region: request.region, imageName: request.imageName, bytesAtMost },
      ...{ keepsObject: request.upload.keepObject, copies, sharedWith },
      estimate: {
        uploadSeconds:
          bytesAtMost === 0
            ? 0
            : bytesAtMost === null || !basis.bytesPerSecond
              ? null
              : bytesAtMost / basis.bytesPerSecond,
        importSeconds: basis.importSeconds,
        fromImports: basis.imports,
        cost:
          prices === null || imageGiB === null
            ? null
            : {
                currency: prices.currency,
                storagePerMonth: imageGiB * (1 + copies.length) * prices.storageGiBMonth,
                traffic: imageGiB * copies.length * prices.trafficGiB,
              },
      },
    },
  };
}

function sum(numbers: readonly (number | null)[]): number {
  return numbers.reduce((total: number, one) => total + (one ?? 0), 0);
}
