/** The report of one import as Markdown: the request, the timeline, the created resources and the remaining ones. */
import { type ComparedSide, compareFindings } from '../domain/finding-comparison.js';
import { type ImportEvent, type ImportView, resourceIdOf } from '../domain/import.js';
import { printable, printableLine } from '../domain/printable.js';

export function reportOf(view: ImportView, events: readonly ImportEvent[]): string {
  const { request } = view;
  const lines = [
    `# Import ${view.id}: ${view.state}`,
    '',
    `- image name: ${request.imageName}`,
    `- region: ${request.region}`,
    `- image: ${view.image?.imageId ?? 'none'}`,
    ...view.copies.map((copy) => `- copy: ${copy.imageId} in ${copy.regionId}`),
    `- task: ${view.image?.taskId ?? 'none'}`,
    `- started: ${view.createdAt}`,
    `- last change: ${view.updatedAt}`,
    ...(view.waitingFor === null ? [] : [`- ${view.waitingFor.message}`]),
    ...request.disks.map((disk, index) => `- disk ${index + 1}: ${disk.source}`),
    '',
    ...(view.error === null
      ? []
      : section('Error', [
          `${view.error.code} in ${view.error.phase}: ${view.error.message}`,
          `Remedy: ${view.error.remedy}`,
        ])),
    ...(view.attention === null
      ? []
      : section('Attention', [
          `${view.attention.code}: ${view.attention.message}`,
          `Remedy: ${view.attention.remedy}`,
        ])),
    ...table(
      'Timeline',
      ['phase', 'started', 'ended'],
      view.timeline.map((entry) => [entry.phase, entry.startedAt, entry.endedAt ?? '']),
    ),
    ...table(
      'Ledger',
      ['kind', 'what', 'region', 'status'],
      view.ledger.map((entry) => [entry.kind, resourceIdOf(entry), entry.regionId, entry.status]),
    ),
    ...table(
      'Findings',
      ['severity', 'code', 'source', 'message', 'evidence', 'remedy'],
      view.findings.map((one) => [one.severity, one.code, one.source, one.message, one.evidence, one.remedy]),
    ),
    ...table(
      'Inspection compared with the cloud’s detection',
      ['item', 'verdict', 'inspection', 'cloud'],
      compareFindings(view.findings).map((one) => [one.item, one.verdict, sideText(one.ours), sideText(one.theirs)]),
    ),
    ...table(
      'Events',
      ['at', 'phase', 'type', 'message'],
      events.map((event) => [event.at, event.phase, event.type, event.message]),
    ),
  ];
  return `${printable(lines.join('\n')).trimEnd()}\n`;
}

function sideText(side: ComparedSide | null): string {
  return side === null ? 'nothing' : `${side.severity}: ${side.message}`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return [`## ${title}`, '', ...lines.map((line) => `${line}  `), ''];
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => printableLine(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [`## ${title}`, '', row(head), row(head.map(() => '---')), ...rows.map(row), ''];
}
