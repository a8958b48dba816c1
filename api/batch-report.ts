/** The report of a batch as Markdown, JSON or CSV. It is streamed, so that memory does not grow with the number of items. */

import type { BatchCause, BatchItemView, BatchView } from '../domain/batch/batch.js';
import type { Requester } from '../domain/import-facts.js';
import { printable, printableLine } from '../domain/printable.js';

const COLUMNS = [
  'item',
  'line',
  'state',
  'region',
  'imageName',
  'attempt',
  'importId',
  'imageId',
  'code',
  'message',
  'remedy',
  'startedAt',
  'endedAt',
  'account',
] as const satisfies readonly (keyof BatchItemView)[];

export type ItemPages = AsyncIterable<readonly BatchItemView[]>;

export async function* csvReport(pages: ItemPages): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for await (const items of pages) {
    yield items.map((item) => `${COLUMNS.map((name) => csvCell(item[name])).join(',')}\r\n`).join('');
  }
}

/** A leading apostrophe keeps spreadsheets from evaluating the text as a formula. */
function csvCell(value: string | number | null): string {
  if (value === null) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export async function* jsonReport(view: BatchView, pages: ItemPages): AsyncGenerator<string> {
  const { id, ...rest } = view;
  yield `${JSON.stringify({ id, ...rest }).slice(0, -1)},"items":[`;
  let first = true;
  for await (const items of pages) {
    const text = items.map((item) => JSON.stringify(item)).join(',\n');
    if (text !== '') yield first ? text : `,\n${text}`;
    first = false;
  }
  yield ']}\n';
}

export async function* markdownReport(view: BatchView, pages: ItemPages): AsyncGenerator<string> {
  yield `${printable(head(view).join('\n'))}\n`;
  yield `## Items\n\n| item | line | state | region | image name | import | image | error |\n| ${Array(8).fill('---').join(' | ')} |\n`;
  for await (const items of pages) yield items.map((item) => `${itemRow(item)}\n`).join('');
}

function head(view: BatchView): readonly string[] {
  const { counts, estimate } = view;
  const { canary } = view.policy;
  return [
    `# Batch ${view.name}: ${view.state}`,
    '',
    `- id: ${view.id}`,
    `- items: ${counts.total} (${stateCounts(view)})`,
    `- created: ${view.createdAt}`,
    ...(view.createdBy === null ? [] : [`- created by: ${requesterText(view.createdBy)}`]),
    `- ended: ${view.endedAt ?? 'not yet'}`,
    `- canary: ${canary.length === 0 ? 'none' : canary.join(', ')}; error budget: ${budgetText(view)}`,
    `- imports per minute: ${view.importsPerMinute?.toFixed(1) ?? 'unknown'}`,
    `- uploaded: ${gib(estimate.uploadedBytes)} GiB`,
    `- image storage: ${estimate.imageGiB} GiB so far, ${estimate.expectedImageGiB?.toFixed(0) ?? 'unknown'} GiB expected in total`,
    ...(estimate.cost === null
      ? []
      : [
          `- cost: ${estimate.cost.storagePerMonth.toFixed(2)} ${estimate.cost.currency} per month for storage, ${estimate.cost.traffic.toFixed(2)} for traffic`,
        ]),
    ...(view.attention === null ? [] : [`- **action required**: ${view.attention.message} ${view.attention.remedy}`]),
    ...(view.waitsFor === null ? [] : [`- waiting: ${view.waitsFor.message} ${view.waitsFor.remedy}`]),
    '',
    ...causes('Failures by cause', view.failures),
    ...causes('Attention by cause', view.attentions),
  ];
}

function budgetText({ policy }: BatchView): string {
  const { errorBudget, errorBudgetAfter } = policy;
  if (errorBudget === null) return 'none';
  return errorBudgetAfter > 0
    ? `${errorBudget}, counted after ${errorBudgetAfter} imports have ended`
    : `${errorBudget}`;
}

export function stateCounts({ counts }: Pick<BatchView, 'counts'>): string {
  const { total: _total, ...states } = counts;
  return Object.entries(states)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}

function causes(title: string, list: readonly BatchCause[]): readonly string[] {
  if (list.length === 0) return [];
  const rows = list.map(
    ({ code, count, message, remedy, examples }) =>
      `| ${count} | ${cell(code)} | ${cell(message)} | ${cell(remedy)} | ${examples.join(', ')} |`,
  );
  return [
    `## ${title}`,
    '',
    '| imports | code | example message | remedy | examples |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ];
}

function itemRow(item: BatchItemView): string {
  const what = item.code === null ? '' : `${item.code}: ${item.message ?? ''}`;
  const cells = [
    String(item.item),
    String(item.line),
    item.state,
    item.region,
    item.imageName,
    item.importId ?? '',
    item.imageId ?? '',
    what,
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

function cell(text: string): string {
  return printableLine(text).replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(2);
}

function requesterText({ identity, user, client }: Requester): string {
  return [identity, user, client].filter((part) => part !== null).join(', ') || 'unknown';
}
