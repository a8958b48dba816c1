/** Combines the problems of an image and its request in one failure: each problem once, with one remedy. */
import { explain, type FailedImport } from '../domain/errors/explain.js';
import { type Failure, FailureError } from '../domain/errors/failure.js';
import type { Inspection } from '../images/inspection.js';

/** A cause: the same code and remedy, on one disk or on several. */
type Cause = readonly [Failure, ...Failure[]];

/** More examples of one cause are only counted. */
const MAX_MESSAGES = 3;

/** The first problem gives the code; message and remedy list all of them. Remedies get their values here. */
export function combined(problems: readonly Failure[], failed: FailedImport): FailureError {
  const causes = causesOf(problems);
  const [first] = causes;
  if (first === undefined) throw new Error('no problems');
  const [{ code }] = first;
  const several = (failed.request?.disks.length ?? 1) > 1;
  const texts = causes.map((cause) => {
    const [{ code: other }] = cause;
    return `${other === code ? '' : `${other}: `}${messageOf(cause, several)}`;
  });
  const remedies = causes.map(([one]) => explain(one, failed, 'stopped').remedy);
  const overridable = causes.some(([one]) => one.overridable === true);
  return new FailureError({
    ...explain(first[0], failed, 'stopped'),
    message: texts.length === 1 ? texts.join('') : `${texts.length} problems: ${numbered(texts)}`,
    remedy: [numberedIfDifferent(remedies), ...(overridable ? [OVERRIDE] : [])].filter((text) => text !== '').join(' '),
  });
}

const OVERRIDE = 'To import the image anyway, set inspection.failOn to "never" (--force).';

function causesOf(problems: readonly Failure[]): readonly Cause[] {
  const causes = new Map<string, Cause>();
  for (const one of problems) {
    const key = JSON.stringify([one.code, one.remedy]);
    const cause = causes.get(key);
    causes.set(key, cause === undefined ? [one] : [...cause, one]);
  }
  return [...causes.values()];
}

function messageOf(cause: Cause, severalDisks: boolean): string {
  const byText = new Map<string, Failure[]>();
  for (const one of cause) {
    const text = one.message.replaceAll(/disks\[\d+\]/g, 'disks[]');
    byText.set(text, [...(byText.get(text) ?? []), one]);
  }
  const texts = [...byText.values()].map((same) => messageOfDisks(same, severalDisks));
  const more = texts.length - MAX_MESSAGES;
  return [...texts.slice(0, MAX_MESSAGES), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** @param same failures with the same message, apart from the number of the disk */
function messageOfDisks(same: readonly Failure[], severalDisks: boolean): string {
  const message = same[0]?.message ?? '';
  const [first, ...others] = [...new Set(same.flatMap(({ field }) => diskNumberIn(field) ?? []))];
  if (first === undefined) return message;
  const named = severalDisks && !message.includes('disks[') ? `disk ${first}: ${message}` : message;
  return others.length === 0 ? named : `${named}; the same for disk${others.length > 1 ? 's' : ''} ${ranges(others)}`;
}

function diskNumberIn(field: string | undefined): number | null {
  const index = /^disks\[(\d+)\]/.exec(field ?? '')?.[1];
  return index === undefined ? null : Number(index) + 1;
}

/** `2 to 5, 7`. */
function ranges(numbers: readonly number[]): string {
  const runs: { readonly from: number; to: number }[] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && number === last.to + 1) last.to = number;
    else runs.push({ from: number, to: number });
  }
  return runs.map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
}

function numbered(texts: readonly string[]): string {
  return texts.map((text, index) => `(${index + 1}) ${text}`).join(' ');
}

function numberedIfDifferent(remedies: readonly string[]): string {
  const different = [...new Set(remedies)];
  if (different.length === 1) return different.join('');
  return different
    .map((remedy) => {
      const numbers = remedies.flatMap((one, index) => (one === remedy ? [index + 1] : []));
      return `(${numbers.join(', ')}) ${remedy}`;
    })
    .join(' ');
}

const FORMAT_FINDING = 'ECSIMPORT.Format';

/**
 * The inspection's finding says better than the decision about the disk why its format is not importable. Both would be
 * the same problem twice, and no request can override it.
 */
export function withFinding(error: unknown, inspection: Inspection | null): unknown {
  if (!(error instanceof FailureError) || inspection?.format !== 'UNKNOWN') return error;
  const finding = inspection.findings.find(({ code, severity }) => code === FORMAT_FINDING && severity === 'blocking');
  if (finding === undefined) return error;
  const { message, evidence, remedy } = finding;
  const text = `${message} (${evidence})`;
  return new FailureError(
    { ...error.failure, message: text, remedy: remedy || error.failure.remedy },
    { cause: error },
  );
}

/** The problem of `withFinding` a second time. */
export function repeatsDecision({ code, field }: Failure, undecided: ReadonlySet<number>): boolean {
  const number = diskNumberIn(field);
  return code === FORMAT_FINDING && number !== null && undecided.has(number);
}
