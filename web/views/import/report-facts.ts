/** What the report of an import says besides the import. Its schema is open: each value is checked here. */
import { isRecord } from '../../../domain/json-value.js';

export interface DiskFacts {
  readonly disk: number;
  readonly source: string;
  readonly sourceBytes: number | null;
  readonly sentAs: string;
  readonly format: string | null;
  readonly object: string;
  readonly objectBytes: number | null;
}

export interface ReportFacts {
  readonly accountId: string | null;
  readonly batchId: string | null;
  readonly startedBy: string | null;
  readonly disks: readonly DiskFacts[];
  /** Null: not sent, so that the cloud's default applies. */
  readonly settings: readonly { readonly name: string; readonly value: string | null }[];
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : null);
const numberOf = (value: unknown) => (typeof value === 'number' ? value : null);
const recordOf = (value: unknown) => (isRecord(value) ? value : {});

export function factsOf(report: unknown): ReportFacts {
  const all = recordOf(report);
  const by = recordOf(all.startedBy);
  const sources: readonly unknown[] = Array.isArray(all.sources) ? all.sources : [];
  return {
    accountId: textOf(all.accountId),
    batchId: textOf(all.batchId),
    startedBy: [by.user, by.identity, by.client].map(textOf).find((text) => text !== null) ?? null,
    disks: sources.filter(isRecord).map((one) => ({
      disk: numberOf(one.disk) ?? 0,
      source: textOf(one.source) ?? '',
      sourceBytes: numberOf(one.sourceBytes),
      sentAs: textOf(one.sentAs) ?? '',
      format: textOf(one.format),
      object: textOf(one.object) ?? '',
      objectBytes: numberOf(one.objectBytes),
    })),
    settings: Object.entries(recordOf(all.settings)).map(([name, value]) => ({
      name,
      value: value === null ? null : typeof value === 'string' ? value : JSON.stringify(value),
    })),
  };
}
