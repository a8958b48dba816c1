/**
 * The ledger and the timeline of an import, as arrays of values: with the names of the fields and formatted times, PostgreSQL
 * needs almost twice as long.
 */
import type { LedgerEntryView, Phase, TimelineEntry } from '../domain/import.js';

/** Since 1970, with microseconds. */
const seconds = (timestamp: string) => `date_part('epoch', ${timestamp})`;

export type LedgerRow = readonly [
  kind: LedgerEntryView['kind'],
  key: string,
  regionId: string,
  detail: LedgerEntryView['detail'],
  status: LedgerEntryView['status'],
  createdAt: number,
  updatedAt: number,
];

/** SQL: the entries in the order in which the API shows them, as `LedgerRow`s. */
export const LEDGER_ROWS = `coalesce(json_agg(json_build_array(kind, key, region_id, detail, status,
  ${seconds('created_at')}, ${seconds('updated_at')}) order by created_at, kind, key), '[]')`;

export function ledgerEntry([kind, key, regionId, detail, status, createdAt, updatedAt]: LedgerRow): LedgerEntryView {
  return { kind, key, regionId, detail, status, createdAt: timeOf(createdAt), updatedAt: timeOf(updatedAt) };
}

export type TimelineRow = readonly [phase: Phase, startedAt: number, endedAt: number | null];

/** SQL: the phases in their order, as `TimelineRow`s. */
export const TIMELINE_ROWS = `coalesce(json_agg(json_build_array(phase,
  ${seconds('started_at')}, ${seconds('ended_at')}) order by started_at), '[]')`;

export function timelineEntry([phase, startedAt, endedAt]: TimelineRow): TimelineEntry {
  return { phase, startedAt: timeOf(startedAt), endedAt: endedAt === null ? null : timeOf(endedAt) };
}

/** Rounded to microseconds first, which are exact in PostgreSQL, then down to milliseconds. */
export function timeOf(secondsSince1970: number): string {
  return isoText(Math.floor(Math.round(secondsSince1970 * 1_000_000) / 1_000));
}

const DAY_MS = 24 * 60 * 60_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
/** The last day that was written: the times of a page are near each other. */
let day = { number: Number.NaN, text: '' };

/** As `toISOString` writes it, which takes several times as long. A page of imports has more than a thousand times. */
function isoText(ms: number): string {
  const number = Math.floor(ms / DAY_MS);
  if (number !== day.number) day = { number, text: new Date(number * DAY_MS).toISOString().slice(0, -13) };
  const rest = ms - number * DAY_MS;
  const [hour, minute, second] = [
    Math.floor(rest / 3_600_000),
    Math.floor(rest / 60_000) % 60,
    Math.floor(rest / 1_000) % 60,
  ];
  const part = String(rest % 1_000).padStart(3, '0');
  return `${day.text}${TWO_DIGITS[hour]}:${TWO_DIGITS[minute]}:${TWO_DIGITS[second]}.${part}Z`;
}
