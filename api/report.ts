/** The report of one import, as Markdown or JSON: what was requested, by whom, what was read and sent, and what exists now. */
import type { ComparedSide } from '../domain/finding-comparison.js';
import { type ImportEvent, resourceIdOf } from '../domain/import.js';
import type { Requester } from '../domain/import-facts.js';
import { isObject } from '../domain/json-value.js';
import { printable, printableLine } from '../domain/printable.js';
import type { ImportReport } from '../imports/read.js';

/** The view of the import and these fields. */
export function jsonReport({ view, facts, events }: ImportReport): object {
  const { accountId, batchId, settings, disks, shares, calls } = facts;
  const actions = actionsIn(events);
  const startedBy = actions.find(({ what }) => what.startsWith(STARTED))?.by ?? null;
  return { ...view, accountId, batchId, startedBy, actions, settings, sources: disks, shares, calls, events };
}

export function markdownReport({ view, facts, events }: ImportReport): string {
  const { request } = view;
  const actions = actionsIn(events);
  const lines = [
    `# Import ${view.id}: ${view.state}`,
    '',
    `- image name: ${request.imageName}`,
    `- region: ${request.region}`,
    `- account: ${facts.accountId ?? 'not known yet'}${request.account === undefined ? '' : ` (${request.account})`}`,
    ...(facts.batchId === null ? [] : [`- batch: ${facts.batchId}`]),
    `- image: ${view.image?.imageId ?? 'none'}`,
    ...view.copies.map((copy) => `- copy: ${copy.imageId} in ${copy.regionId}`),
    `- task: ${view.image?.taskId ?? 'none'}`,
    `- started: ${view.createdAt}`,
    `- last change: ${view.updatedAt}`,
    ...request.disks.map((disk, index) => `- disk ${index + 1}: ${disk.source}`),
    ...Object.entries(request.tags).map(([key, value]) => `- tag: ${key}=${value}`),
    '',
    ...(view.error === null
      ? []
      : section('Error', [
          `${view.error.code} in ${view.error.phase}: ${view.error.message}`,
          ...(view.error.requestId === null ? [] : [`Request ID: ${view.error.requestId}`]),
          `Remedy: ${view.error.remedy}`,
        ])),
    ...(view.attention === null
      ? []
      : section('Attention', [
          `${view.attention.code} since ${view.attention.since}: ${view.attention.message}`,
          ...(view.attention.requestId === undefined ? [] : [`Request ID: ${view.attention.requestId}`]),
          `Remedy: ${view.attention.remedy}`,
        ])),
    ...table(
      'Requested by (identity, and what the clients state)',
      ['at', 'what', 'user', 'client', 'identity'],
      actions.map(({ at, what, by }) => [at, what, by.user ?? '', by.client ?? '', by.identity ?? '']),
    ),
    ...table(
      'Sources',
      ['disk', 'source', 'bytes', 'SHA-256', 'sent as', 'format', 'object', 'object bytes', 'CRC-64'],
      facts.disks.map((one) => [
        ...[String(one.disk), one.source, textOf(one.sourceBytes), one.sha256 ?? 'not computed', one.sentAs],
        ...[textOf(one.format), one.object, textOf(one.objectBytes), textOf(one.crc64)],
      ]),
    ),
    ...table(
      'Settings sent to ImportImage',
      ['parameter', 'value'],
      Object.entries(facts.settings ?? {}).map(([name, value]) => [name, settingText(value)]),
    ),
    ...table(
      'Timeline',
      ['phase', 'started', 'ended'],
      view.timeline.map((entry) => [entry.phase, entry.startedAt, entry.endedAt ?? '']),
    ),
    ...table(
      'Ledger',
      ['kind', 'what', 'region', 'status', 'request ID'],
      view.ledger.map((entry) => [
        ...[entry.kind, resourceIdOf(entry), entry.regionId, entry.status, entry.detail.requestId ?? ''],
      ]),
    ),
    ...table(
      'Shared with',
      ['image', 'region', 'accounts'],
      facts.shares.map(({ imageId, regionId, accounts }) => [imageId, regionId, accounts.join(', ')]),
    ),
    ...table(
      'Calls that changed the cloud',
      ['at', 'phase', 'service', 'action', 'request ID'],
      facts.calls.map(({ at, phase, service, action, requestId }) => [at, phase, service, action, requestId]),
    ),
    ...table(
      'Findings',
      ['severity', 'code', 'source', 'message', 'evidence', 'remedy'],
      view.findings.map((one) => [one.severity, one.code, one.source, one.message, one.evidence, one.remedy]),
    ),
    ...table(
      'Inspection compared with the cloud’s detection',
      ['item', 'verdict', 'inspection', 'cloud'],
      view.comparison.map((one) => [one.item, one.verdict, sideText(one.ours), sideText(one.theirs)]),
    ),
    ...table(
      'Events',
      ['at', 'phase', 'type', 'message'],
      events.map((event) => [event.at, event.phase, event.type, event.message]),
    ),
  ];
  return `${printable(lines.join('\n')).trimEnd()}\n`;
}

interface Action {
  readonly at: string;
  readonly what: string;
  readonly by: Requester;
}

const STARTED = 'accepted';

/** Requests of users: start, cancel and resume. */
function actionsIn(events: readonly ImportEvent[]): readonly Action[] {
  return events.flatMap(({ at, message, detail }) => {
    const { by, changed, batch } = detail;
    if (!isObject(by)) return [];
    const text = (value: unknown) => (typeof value === 'string' ? value : null);
    const requester = { client: text(by.client), user: text(by.user), identity: text(by.identity) };
    const fields = Array.isArray(changed) ? `, changed ${changed.join(', ')}` : '';
    const whole = typeof batch === 'string' ? ` (batch ${batch})` : '';
    return [{ at, what: `${message}${fields}${whole}`, by: requester }];
  });
}

function textOf(value: string | number | null): string {
  return value === null ? 'unknown' : String(value);
}

function settingText(value: unknown): string {
  if (value === null) return 'not sent';
  return typeof value === 'string' ? value : JSON.stringify(value);
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
