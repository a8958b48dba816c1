/** The report of a batch: Markdown for people, CSV for tables; written as it is read, so that its size costs no memory. */
import type { BatchCause, BatchItemView, BatchView } from '../domain/batch/batch.js';

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
] as const satisfies readonly (keyof BatchItemView)[];

export type ItemPages = AsyncIterable<readonly BatchItemView[]>;

export async function* csvReport(pages: ItemPages): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for await (const items of pages) {
    yield items.map((item) => `${COLUMNS.map((name) => csvCell(item[name])).join(',')}\r\n`).join('');
  }
}

/** A text that a spreadsheet would take for a formula is given as text (a leading apostrophe). */
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
  yield `${head(view).join('\n')}\n`;
  yield `## Items\n\n| item | line | state | region | image name | import | image | what happened |\n| ${Array(8).fill('---').join(' | ')} |\n`;
  for await (const items of pages) yield items.map((item) => `${itemRow(item)}\n`).join('');
}

function head(view: BatchView): readonly string[] {
  const { counts, estimate } = view;
  return [
    `# Batch ${view.name}: ${view.state}`,
    '',
    `- id: ${view.id}`,
    `- items: ${counts.total} (${stateCounts(view)})`,
    `- made: ${view.createdAt}`,
    `- ended: ${view.endedAt ?? 'not yet'}`,
    `- imports a minute: ${view.importsPerMinute?.toFixed(1) ?? 'not known'}`,
    `- uploaded: ${gib(estimate.uploadedBytes)} GiB`,
    `- image storage: ${estimate.imageGiB} GiB so far, ${estimate.expectedImageGiB?.toFixed(0) ?? 'not known'} GiB in the end`,
    ...(estimate.cost === null
      ? []
      : [
          `- cost: ${estimate.cost.storagePerMonth.toFixed(2)} ${estimate.cost.currency} a month of storage, ${estimate.cost.traffic.toFixed(2)} of traffic`,
        ]),
    ...(view.attention === null ? [] : [`- **needs you**: ${view.attention.message} ${view.attention.remedy}`]),
    ...(view.waitsFor === null ? [] : [`- waits: ${view.waitsFor.message} ${view.waitsFor.remedy}`]),
    '',
    ...causes('Failures by cause', view.failures),
    ...causes('Attention by cause', view.attentions),
  ];
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
    '| imports | code | one of them | remedy | examples |',
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
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(2);
}
