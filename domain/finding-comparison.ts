/** What inspection said before the upload beside what the cloud's own detection said after the import. */
import type { Finding, Severity } from './import.js';

export interface ComparedItem {
  /** The vendor's item name, as whoever said more spells it. */
  readonly item: string;
  readonly verdict: 'agreed' | 'only ours' | 'only theirs';
  /** The gravest that was said; null: this side said nothing of the item. */
  readonly ours: ComparedSide | null;
  readonly theirs: ComparedSide | null;
}

export interface ComparedSide {
  readonly severity: Severity;
  readonly message: string;
}

const GRAVITY: readonly Severity[] = ['info', 'warning', 'blocking'];

/**
 * Items that both sides looked at, and those that only one side warns of. Empty as long as the cloud has said nothing.
 * "Agreed" means that both warn or neither does: the two scales of severity are not the same.
 */
export function compareFindings(findings: readonly Finding[]): readonly ComparedItem[] {
  if (!findings.some(({ source }) => source === 'cloud')) return [];
  const items = new Map<string, { name: string; ours: Finding | null; theirs: Finding | null }>();
  for (const finding of findings) {
    const key = keyOf(finding.code);
    const item = items.get(key) ?? { name: finding.code, ours: null, theirs: null };
    if (finding.source === 'cloud') item.theirs = graver(item.theirs, finding);
    else item.ours = graver(item.ours, finding);
    if (finding.code.length > item.name.length) item.name = finding.code;
    items.set(key, item);
  }
  return [...items.values()].flatMap(({ name, ours, theirs }): ComparedItem[] => {
    const verdict = verdictOf(ours, theirs);
    return verdict === null ? [] : [{ item: name, verdict, ours: sideOf(ours), theirs: sideOf(theirs) }];
  });
}

/** The vendor writes an item with its prefix on one page and without it on another: `GUESTOS.Nvme`, `NVMe`. */
function keyOf(code: string): string {
  return code.toLowerCase().replace(/^guestos\./, '');
}

function graver(known: Finding | null, finding: Finding): Finding {
  if (known === null) return finding;
  return GRAVITY.indexOf(finding.severity) > GRAVITY.indexOf(known.severity) ? finding : known;
}

function verdictOf(ours: Finding | null, theirs: Finding | null): ComparedItem['verdict'] | null {
  const weWarn = ours !== null && ours.severity !== 'info';
  const theyWarn = theirs !== null && theirs.severity !== 'info';
  if (weWarn !== theyWarn) return weWarn ? 'only ours' : 'only theirs';
  return ours !== null && theirs !== null ? 'agreed' : null;
}

function sideOf(finding: Finding | null): ComparedSide | null {
  return finding === null ? null : { severity: finding.severity, message: finding.message };
}
