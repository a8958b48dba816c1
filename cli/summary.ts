/** Formats an import for the terminal: its outcome, or all details. */
import { type ComparedItem, type ComparedSide, compareFindings } from '../domain/finding-comparison.js';
import { type Finding, type ImportView, type LedgerEntryView, resourceIdOf, type Severity } from '../domain/import.js';
import { clean, duration, indent, table } from './format.js';

/** The state or result of an import, with the remedy if it failed or requires action. */
export function outcome(view: ImportView): readonly string[] {
  const { state, phase, image, error, attention } = view;
  const took = duration(Date.parse(view.updatedAt) - Date.parse(view.createdAt));
  if (error !== null) {
    const failure = `${state} in phase ${error.phase} after ${took}: ${error.code}: ${error.message}${requestText(error.requestId)}`;
    return [clean(failure), ...remedy(error.remedy)];
  }
  if (attention !== null) {
    return [
      clean(
        `action required in phase ${phase}: ${attention.code}: ${attention.message}${requestText(attention.requestId)}`,
      ),
      ...remedy(attention.remedy),
      `after the fix: ecs-image-import resume ${view.id} (to give up: ecs-image-import cancel ${view.id})`,
    ];
  }
  if (state === 'succeeded') {
    const result = image === null ? 'dry run, no image created' : `image ${image.imageId} in ${image.regionId}`;
    return [
      `succeeded in ${took}: ${result}`,
      ...view.copies.map((copy) => `copy ${copy.imageId} in ${copy.regionId}`),
    ];
  }
  if (state === 'cancelled') return [`cancelled after ${took}`];
  // An API of an earlier version does not send it.
  const wait = view.waitingFor?.message;
  return [`${state}: ${phase} ${Math.floor(view.progress.percent)} %${wait === undefined ? '' : `, ${clean(wait)}`}`];
}

function requestText(requestId: string | null | undefined): string {
  return requestId === null || requestId === undefined ? '' : ` (request ${requestId})`;
}

function remedy(text: string): readonly string[] {
  return text === '' ? [] : [clean(`remedy: ${text}`)];
}

/** All details, for `status ID` and the end of a demo. */
export function formatImport(view: ImportView): string {
  return [
    `import ${view.id}  ${clean(view.request.imageName)}  ${view.request.region}${accountOf(view)}`,
    ...outcome(view),
    ...section(
      'timeline',
      view.timeline
        .filter(({ phase }) => phase !== 'done')
        .map((entry) => [entry.phase, phaseDuration(entry.startedAt, entry.endedAt)]),
      ['phase', 'duration'],
    ),
    findings(view.findings),
    ...comparison(view.findings),
    ledger(view.ledger),
  ].join('\n');
}

const WORST_FIRST: readonly Severity[] = ['blocking', 'warning', 'info'];

/** Most severe first. */
export function findings(list: readonly Finding[]): string {
  if (list.length === 0) return 'findings: none';
  const sorted = WORST_FIRST.flatMap((severity) => list.filter((finding) => finding.severity === severity));
  const lines = sorted.flatMap((finding) => [
    clean(`${finding.severity}  ${findingText(finding)}`),
    ...(finding.remedy === '' ? [] : [clean(`  remedy: ${finding.remedy}`)]),
  ]);
  return `findings:\n${indent(lines.join('\n'))}`;
}

/** Omits what the message contains already: the cloud's findings repeat their code and evidence. */
function findingText({ code, message, evidence }: Finding): string {
  const subject = message.startsWith(`${code}:`) ? message : `${code}: ${message}`;
  return evidence === '' || message.includes(evidence) ? subject : `${subject} (${evidence})`;
}

const VERDICTS: Readonly<Record<ComparedItem['verdict'], string>> = {
  agreed: 'agree',
  'only ours': 'inspection only',
  'only theirs': 'cloud only',
};

/** Empty until the cloud has reported its detection. */
function comparison(list: readonly Finding[]): readonly string[] {
  const side = (finding: ComparedSide | null) => (finding === null ? 'none' : finding.severity);
  const rows = compareFindings(list).map(({ item, verdict, ours, theirs }) => [
    item,
    VERDICTS[verdict],
    side(ours),
    side(theirs),
  ]);
  return section('inspection compared with the cloud’s detection', rows, ['item', 'verdict', 'inspection', 'cloud']);
}

const LEDGER_STATUSES: Readonly<Record<LedgerEntryView['status'], string>> = {
  intended: 'not confirmed',
  created: 'exists',
  removed: 'removed',
  kept: 'kept as requested',
};

export function ledger(entries: readonly LedgerEntryView[]): string {
  if (entries.length === 0) return 'ledger: no cloud resources created';
  const rows = entries.map((entry) => [entry.kind, resourceIdOf(entry), entry.regionId, LEDGER_STATUSES[entry.status]]);
  return `ledger:\n${indent(table(['resource', 'id', 'region', 'status'], rows))}`;
}

function section(title: string, rows: readonly (readonly string[])[], head: readonly string[]): readonly string[] {
  return rows.length === 0 ? [] : [`${title}:\n${indent(table(head, rows))}`];
}

function phaseDuration(startedAt: string, endedAt: string | null): string {
  return endedAt === null ? 'in progress' : duration(Date.parse(endedAt) - Date.parse(startedAt));
}

function accountOf({ request }: ImportView): string {
  return request.account === undefined ? '' : `  account ${request.account}`;
}
