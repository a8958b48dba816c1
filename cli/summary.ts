/** Formats an import for the terminal: the result first, then what needs a decision; the rest with --verbose. */
import { type ComparedItem, type ComparedSide, compareFindings } from '../domain/finding-comparison.js';
import { type Finding, type ImportView, type LedgerEntryView, resourceIdOf, type Severity } from '../domain/import.js';
import { progressFigures, waitText } from '../domain/progress-text.js';
import { outputColumns } from './console.js';
import { clean, duration, indent } from './format.js';
import { colored, paint } from './style.js';
import { type Cell, cut, indentedTable } from './table.js';

interface Detail {
  readonly verbose: boolean;
}

/** The state or result of an import, with the remedy if it failed or requires action. */
export function outcome(view: ImportView): readonly string[] {
  const { state, phase, image, error, attention } = view;
  const took = duration(Date.parse(view.updatedAt) - Date.parse(view.createdAt));
  if (error !== null) {
    const reason = `${error.code}: ${error.message}${requestText(error.requestId)}`;
    return [
      `${colored(state)} in phase ${error.phase} after ${took}: ${clean(reason)}`,
      ...remedy(error.remedy),
      clean(`to start again: ecs-image-import retry ${view.id} [--set path=value]`),
    ];
  }
  if (attention !== null) {
    const reason = `${attention.code}: ${attention.message}${requestText(attention.requestId)}`;
    return [
      `${colored('attention', 'action required')} in phase ${phase}: ${clean(reason)}`,
      ...remedy(attention.remedy),
      clean(`after the fix: ecs-image-import resume ${view.id} (to give up: ecs-image-import cancel ${view.id})`),
    ];
  }
  if (state === 'succeeded') {
    const result = image === null ? 'dry run, no image created' : `image ${image.imageId} in ${image.regionId}`;
    const copies = view.copies.map((copy) => `${copy.imageId} in ${copy.regionId}`);
    return [
      `${colored(state)} in ${took}: ${clean(result)}`,
      ...(copies.length === 0 ? [] : [clean(`${copies.length === 1 ? 'copy' : 'copies'}: ${copies.join(', ')}`)]),
    ];
  }
  if (state === 'cancelled') return [`${colored(state)} after ${took}`];
  // An API of an earlier version does not send it.
  const wait = view.waitingFor;
  return [
    `${colored(state)}: ${phase} ${progressFigures(view.progress).join(', ')}`,
    ...(wait === null || wait === undefined ? [] : [paint('yellow', clean(waitText(wait, Date.now())))]),
  ];
}

function requestText(requestId: string | null | undefined): string {
  return requestId === null || requestId === undefined ? '' : ` (request ${requestId})`;
}

function remedy(text: string): readonly string[] {
  return text === '' ? [] : [clean(`remedy: ${text}`)];
}

/** Of the end of `import` and `watch`. */
export function resultText(view: ImportView, { verbose }: Detail): string {
  return [...outcome(view), ...details(view, verbose)].join('\n');
}

/** For `status ID` and the end of a demo. */
export function formatImport(view: ImportView, { verbose }: Detail): string {
  const { request } = view;
  const account = request.account === undefined ? '' : `  account ${request.account}`;
  return [
    ...outcome(view),
    `import ${clean(`${view.id}  ${request.imageName}  ${request.region}${account}`)}`,
    ...details(view, verbose),
  ].join('\n');
}

function details(view: ImportView, verbose: boolean): readonly string[] {
  if (verbose) {
    return [...findings(view.findings), ...timeline(view), ...comparison(view.findings), ledger(view.ledger)];
  }
  const count = (severity: Severity) => view.findings.filter((finding) => finding.severity === severity).length;
  const isNew = (finding: Finding) => !isTold(finding, view.error ?? view.attention);
  const blocking = view.findings.filter((finding) => finding.severity === 'blocking' && isNew(finding));
  const shown = blocking.slice(0, MOST_FINDINGS);
  // Of a success, the warnings are news. Of another import, they are not why it stopped.
  const warnings = view.state === 'succeeded' ? view.findings.filter(({ severity }) => severity === 'warning') : [];
  const lines = warnings.slice(0, MOST_FINDINGS).map(warningLine);
  const more = [
    counted(blocking.length - shown.length, 'more blocking finding'),
    counted(count('warning') - lines.length, lines.length === 0 ? 'warning' : 'more warning'),
    counted(count('info'), 'note'),
  ].filter((text) => text !== null);
  return [
    ...findings(shown),
    ...lines,
    paint('dim', clean(`${more.length === 0 ? 'details' : more.join(', ')}: ecs-image-import status ${view.id} -v`)),
  ];
}

/** The reason of the import contains it already, with its remedy. */
function isTold(
  { message, evidence, remedy }: Finding,
  reason: ImportView['error'] | ImportView['attention'],
): boolean {
  if (reason === null) return false;
  return reason.message.includes(message) && reason.message.includes(evidence) && reason.remedy.includes(remedy);
}

/** The result of a success stays within 15 lines. */
const MOST_FINDINGS = 5;

/** On a terminal in one row. */
function warningLine({ code, message }: Finding): string {
  const width = outputColumns();
  const text = clean(`${code}: ${message}`);
  return `${colored('warning')}  ${width === null ? text : cut(text, width - 'warning  '.length)}`;
}

function counted(count: number, thing: string): string | null {
  return count === 0 ? null : `${count} ${thing}${count === 1 ? '' : 's'}`;
}

const WORST_FIRST: readonly Severity[] = ['blocking', 'warning', 'info'];

function worstFirst(list: readonly Finding[]): readonly Finding[] {
  return WORST_FIRST.flatMap((severity) => list.filter((finding) => finding.severity === severity));
}

/** Most severe first; empty if there are none. */
export function findings(list: readonly Finding[]): readonly string[] {
  if (list.length === 0) return [];
  const lines = worstFirst(list).flatMap((finding) => [
    `${colored(finding.severity)}  ${clean(findingText(finding))}`,
    ...(finding.remedy === '' ? [] : [clean(`  remedy: ${finding.remedy}`)]),
  ]);
  return ['findings:', indent(lines.join('\n'))];
}

/** Omits what the message contains already: the cloud's findings repeat their code and evidence. */
function findingText({ code, message, evidence }: Finding): string {
  const subject = message.startsWith(`${code}:`) ? message : `${code}: ${message}`;
  return evidence === '' || message.includes(evidence) ? subject : `${subject} (${evidence})`;
}

function timeline(view: ImportView): readonly string[] {
  const phases = view.timeline.filter(({ phase }) => phase !== 'done');
  const rows = phases.map((entry) => [entry.phase, phaseDuration(entry.startedAt, entry.endedAt)]);
  return section('timeline', rows, ['phase', 'duration']);
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
  return `ledger:\n${indentedTable(['resource', 'id', 'region', 'status'], rows)}`;
}

function section(title: string, rows: readonly (readonly Cell[])[], head: readonly string[]): readonly string[] {
  return rows.length === 0 ? [] : [`${title}:\n${indentedTable(head, rows)}`];
}

function phaseDuration(startedAt: string, endedAt: string | null): string {
  return endedAt === null ? 'in progress' : duration(Date.parse(endedAt) - Date.parse(startedAt));
}
