/** Generates a page of the runbook for each code with which an import can stop, and the index, so that none is missing. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { CATALOGUE, type CatalogueEntry } from '../domain/errors/index.js';
import { remedyOf } from '../domain/errors/remedy.js';

const RUNBOOK = path.resolve(import.meta.dirname, '../docs/runbook');
/** They stop an import at once, or after retries that did not help. */
const STOPPING: readonly CatalogueEntry['class'][] = ['attention', 'transient', 'throttled'];
const NOTE = '<!-- Written by `npm run docs:errors` from domain/errors/. Edit the catalogue, not this page. -->';

export interface RunbookPage {
  /** Below docs/runbook. */
  readonly file: string;
  readonly text: string;
}

/** The file of a code. Codes of the vendor have characters that file names should not have. */
function fileOf(code: string): string {
  return `attention/${code.replaceAll(/[^\w.-]/g, '_')}.md`;
}

export function runbookPages(): readonly RunbookPage[] {
  const entries = new Map<string, CatalogueEntry>();
  for (const entry of Object.values(CATALOGUE).flat()) {
    if (!STOPPING.includes(entry.class)) continue;
    for (const code of [entry.code, ...(entry.also ?? [])]) if (!entries.has(code)) entries.set(code, entry);
  }
  const codes = [...entries].sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    { file: 'README.md', text: index(codes) },
    ...codes.map(([code, entry]) => ({ file: fileOf(code), text: pageOf(code, entry) })),
  ];
}

function pageOf(code: string, entry: CatalogueEntry): string {
  const isOfBatch = code.startsWith('Batch.');
  const isRetried = entry.class !== 'attention';
  const stops = isRetried
    ? `The service repeats the step by itself. After \`ECS_IMPORT_PATIENCE_MS\` without progress, the import stops for attention.`
    : `The ${isOfBatch ? 'batch' : 'import'} has stopped and keeps its progress.`;
  const resumes =
    entry.repairedIn === undefined
      ? 'It continues in the phase in which it stopped.'
      : `It continues in the phase \`${entry.repairedIn}\`, which repairs the cause.`;
  return [
    `# ${code}`,
    '',
    NOTE,
    '',
    `${entry.meaning}. ${stops}`,
    ...(entry.outcomeUnknown === true
      ? ['', 'The call may have taken effect. The service finds out before it repeats it: create nothing by hand.']
      : []),
    '',
    '## Check',
    '',
    ...(isOfBatch
      ? ['    ecs-image-import batch list', '    ecs-image-import batch status ID']
      : [`    ecs-image-import list --code ${code}`, '    ecs-image-import status ID']),
    '',
    'The status has the message with the actual values, and the request ID of the cloud if it answered.',
    ...(entry.field === undefined ? [] : [`The field of the request is \`${entry.field}\`.`]),
    '',
    '## Fix',
    '',
    entry.lasting ?? remedyOf(entry, {}),
    ...(entry.option === undefined
      ? []
      : [
          '',
          `Or \`ecs-image-import resume ID --set ${entry.option.path}=${entry.option.value}\` ${entry.option.effect}.`,
        ]),
    ...(entry.link === undefined ? [] : ['', `See <${entry.link}>.`]),
    '',
    '## Continue',
    '',
    ...(isOfBatch
      ? [
          '    ecs-image-import batch resume ID',
          '',
          '`ecs-image-import batch cancel ID` ends it instead: no further import starts.',
        ]
      : [
          `    ecs-image-import resume --code ${code}`,
          '',
          `This continues all imports that have stopped with this code. ${resumes}`,
          '`ecs-image-import cancel ID` ends one instead and removes what it has created.',
        ]),
    '',
  ].join('\n');
}

function index(codes: readonly (readonly [string, CatalogueEntry])[]): string {
  const alerts = readdirSync(path.join(RUNBOOK, 'alerts')).sort();
  return [
    '# Runbook',
    '',
    NOTE,
    '',
    'One page for each alert of `integrations/prometheus/alerts.yaml`, and one for each code with which an import can stop for attention.',
    '',
    '## Alerts',
    '',
    ...alerts.map((file) => `- [${file.replace('.md', '')}](alerts/${file})`),
    '',
    '## Attention codes',
    '',
    'The cloud has more codes than this list. The service shows such a code unchanged with the message of the cloud. Look it up at',
    '<https://api.alibabacloud.com/troubleshoot> by the request ID, fix the cause, and resume.',
    '',
    '| code | meaning |',
    '| --- | --- |',
    ...codes.map(([code, entry]) => `| [${code}](${fileOf(code)}) | ${entry.meaning} |`),
    '',
  ].join('\n');
}
