/** Compares the findings of our inspection before the upload with those of the cloud's detection after the import. */
import { BESIDE_DETECTION } from './cloud-findings.js';
import type { Finding, Severity } from './import.js';

export interface ComparedItem {
  /** The vendor's item name, in the longer of the two spellings. */
  readonly item: string;
  readonly verdict: 'agreed' | 'only ours' | 'only theirs';
  /** The most severe finding; null: this side reported nothing about the item. */
  readonly ours: ComparedSide | null;
  readonly theirs: ComparedSide | null;
}

export interface ComparedSide {
  readonly severity: Severity;
  readonly message: string;
}

const ASCENDING_SEVERITY: readonly Severity[] = ['info', 'warning', 'blocking'];

/**
 * Items that both sides reported, and items that only one side warns of. Empty until the cloud has reported findings.
 * "Agreed" means that both warn or neither does, because the two severity scales differ.
 */
export function compareFindings(all: readonly Finding[]): readonly ComparedItem[] {
  const findings = all.filter(({ code }) => !BESIDE_DETECTION.includes(code));
  if (!findings.some(({ source }) => source === 'cloud')) return [];
  const items = new Map<string, { name: string; ours: Finding | null; theirs: Finding | null }>();
  for (const finding of findings) {
    const key = keyOf(finding.code);
    const item = items.get(key) ?? { name: finding.code, ours: null, theirs: null };
    if (finding.source === 'cloud') item.theirs = moreSevere(item.theirs, finding);
    else item.ours = moreSevere(item.ours, finding);
    if (finding.code.length > item.name.length) item.name = finding.code;
    items.set(key, item);
  }
  return [...items.values()].flatMap(({ name, ours, theirs }): ComparedItem[] => {
    const verdict = verdictOf(ours, theirs);
    return verdict === null ? [] : [{ item: name, verdict, ours: sideOf(ours), theirs: sideOf(theirs) }];
  });
}

/** The vendor's pages name the same item with and without a prefix: `GUESTOS.Nvme`, `NVMe`. */
function keyOf(code: string): string {
  return code.toLowerCase().replace(/^guestos\./, '');
}

function moreSevere(known: Finding | null, finding: Finding): Finding {
  if (known === null) return finding;
  return ASCENDING_SEVERITY.indexOf(finding.severity) > ASCENDING_SEVERITY.indexOf(known.severity) ? finding : known;
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
