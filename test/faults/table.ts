/** The matrix as a table: one row per call, one column per kind of fault, and one sign each for once, five times and permanently. */
import { allCases, KINDS, labelOf, TIMES } from './cases.js';
import type { Verdict } from './run-case.js';

const SIGNS: Readonly<Record<string, string>> = { succeeded: 's', cancelled: 'c', failed: 'f' };

/** `s` succeeded, `c` cancelled, `f` failed as expected; upper case after a stop for attention; `!` violation, `.` not run, `-` never hit. */
export function table(verdicts: readonly Verdict[]): string {
  const byName = new Map(verdicts.map((verdict) => [verdict.name, verdict]));
  const rows = new Map<string, Map<string, string>>();
  for (const one of allCases()) {
    const row = `${one.scenario} ${labelOf(one)}`;
    const cells = rows.get(row) ?? new Map<string, string>();
    const sign = signOf(byName.get(one.name));
    cells.set(one.kind, `${cells.get(one.kind) ?? ''}${sign}`);
    rows.set(row, cells);
  }
  const lines = [...rows].filter(([, cells]) => [...cells.values()].some((cell) => /[^.]/.test(cell)));
  if (lines.length === 0) return others(verdicts);
  const head = `| call (${TIMES.join(', ')}) | ${KINDS.join(' | ')} |\n| --- |${KINDS.map(() => ' --- |').join('')}`;
  const body = lines.map(([row, cells]) => `| ${row} | ${KINDS.map((kind) => cells.get(kind) ?? '').join(' | ')} |`);
  return [head, ...body, others(verdicts)].join('\n');
}

function others(verdicts: readonly Verdict[]): string {
  const known = new Set(allCases().map(({ name }) => name));
  return verdicts
    .filter(({ name }) => !known.has(name))
    .map((verdict) => `${verdict.name}: ${verdict.state} ${verdict.violations.length === 0 ? 'ok' : '!'}`)
    .join('\n');
}

function signOf(verdict: Verdict | undefined): string {
  if (verdict === undefined) return '.';
  if (verdict.violations.length > 0) return '!';
  if (verdict.hits === 0) return '-';
  const sign = SIGNS[verdict.state] ?? '?';
  return verdict.stops.length > 0 ? sign.toUpperCase() : sign;
}
