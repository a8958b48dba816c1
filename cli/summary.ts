/** An import as a person reads it: in a line, or whole. */
import { type ComparedSide, compareFindings } from '../domain/finding-comparison.js';
import type { Finding, ImportView, LedgerEntryView, Severity } from '../domain/import.js';
import { clean, duration, indent, table } from './format.js';

/** How it stands or ended; two lines where there is something to mend. */
export function outcome(view: ImportView): readonly string[] {
  const { state, phase, image, error, attention } = view;
  const took = duration(Date.parse(view.updatedAt) - Date.parse(view.createdAt));
  if (error !== null) {
    const request = error.requestId === null ? '' : ` (request ${error.requestId})`;
    const what = `${state} in ${error.phase} after ${took}: ${error.code}: ${error.message}${request}`;
    return [clean(what), ...remedy(error.remedy)];
  }
  if (attention !== null) {
    return [
      clean(`needs you in ${phase}: ${attention.code}: ${attention.message}`),
      ...remedy(attention.remedy),
      `then: ecs-image-import resume ${view.id} (or cancel ${view.id})`,
    ];
  }
  if (state === 'succeeded') {
    const made = image === null ? 'nothing to make (dry run)' : `image ${image.imageId} in ${image.regionId}`;
    return [`succeeded in ${took}: ${made}`, ...view.copies.map((copy) => `copy ${copy.imageId} in ${copy.regionId}`)];
  }
  return [
    state === 'cancelled' ? `cancelled after ${took}` : `${state}: ${phase} ${Math.floor(view.progress.percent)} %`,
  ];
}

function remedy(text: string): readonly string[] {
  return text === '' ? [] : [clean(`remedy: ${text}`)];
}

/** The whole import, for `status ID` and the end of a demo. */
export function whole(view: ImportView): string {
  return [
    `import ${view.id}  ${clean(view.request.imageName)}  ${view.request.region}`,
    ...outcome(view),
    ...section(
      'timeline',
      view.timeline.map((entry) => [entry.phase, spent(entry.startedAt, entry.endedAt)]),
      ['phase', 'took'],
    ),
    findings(view.findings),
    ...comparison(view.findings),
    ledger(view.ledger),
  ].join('\n');
}

const WORST_FIRST: readonly Severity[] = ['blocking', 'warning', 'info'];

/** What needs somebody comes first. */
export function findings(list: readonly Finding[]): string {
  if (list.length === 0) return 'findings: none';
  const sorted = WORST_FIRST.flatMap((severity) => list.filter((finding) => finding.severity === severity));
  const lines = sorted.flatMap((finding) => [
    clean(
      `${finding.severity}  ${finding.code}: ${finding.message}${finding.evidence === '' ? '' : ` (${finding.evidence})`}`,
    ),
    ...(finding.remedy === '' ? [] : [clean(`  remedy: ${finding.remedy}`)]),
  ]);
  return `findings:\n${indent(lines.join('\n'))}`;
}

/** Nothing as long as the cloud has not said anything. */
function comparison(list: readonly Finding[]): readonly string[] {
  const side = (said: ComparedSide | null) => (said === null ? 'nothing' : said.severity);
  const rows = compareFindings(list).map(({ item, verdict, ours, theirs }) => [
    item,
    verdict,
    side(ours),
    side(theirs),
  ]);
  return section('inspection beside the cloud’s detection', rows, ['item', 'verdict', 'inspection', 'cloud']);
}

/** What each status means to somebody who pays for what is left. */
const FATES: Readonly<Record<LedgerEntryView['status'], string>> = {
  intended: 'not known yet',
  created: 'there',
  removed: 'gone, as meant',
  kept: 'stays, as meant',
};

export function ledger(entries: readonly LedgerEntryView[]): string {
  if (entries.length === 0) return 'ledger: nothing was made in the cloud';
  const rows = entries.map((entry) => [
    entry.kind,
    entry.detail.imageId ?? entry.key,
    entry.regionId,
    FATES[entry.status],
  ]);
  return `ledger:\n${indent(table(['made', 'what', 'region', 'now'], rows))}`;
}

function section(title: string, rows: readonly (readonly string[])[], head: readonly string[]): readonly string[] {
  return rows.length === 0 ? [] : [`${title}:\n${indent(table(head, rows))}`];
}

function spent(startedAt: string, endedAt: string | null): string {
  return endedAt === null ? 'under way' : duration(Date.parse(endedAt) - Date.parse(startedAt));
}
