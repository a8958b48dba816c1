/** Generates docs/errors.md from the catalogue, so that the two cannot differ. */
import { CATALOGUE, type CatalogueEntry, type CatalogueService } from '../domain/errors/index.js';
import { remedyOf } from '../domain/errors/remedy.js';

const CLASSES: readonly (readonly [CatalogueEntry['class'], string])[] = [
  [
    'transient',
    'Temporary. The service retries with backoff. After `ECS_IMPORT_PATIENCE_MS` without progress, the import stops in `attention`.',
  ],
  [
    'throttled',
    'The cloud rejects the call rate. The service retries when the cloud allows it, and slows down all workers.',
  ],
  [
    'attention',
    'Action required. The import stops and keeps its progress. After `resume`, it continues from the same phase, or from the earlier phase that repairs the cause.',
  ],
  ['request', 'The request or the image is invalid. The import fails, names the field, and cleans up.'],
  ['defect', 'A bug in this service. The import fails and cleans up. Please report it.'],
  ['success', 'Not an error, although the cloud reports it as one.'],
];

const SERVICES: Readonly<Record<CatalogueService, readonly [title: string, description: string]>> = {
  ecs: ['ECS', 'Image imports, in the order of the vendor’s page; then tasks, copies, sharing and tags.'],
  common: ['ECS, RAM and STS', 'Errors that the API gateway returns for any call.'],
  ram: ['RAM', 'The role that ECS reads the bucket with, and its policies.'],
  sts: ['STS', 'The identity of the service, and the roles that it assumes.'],
  oss: ['OSS', 'Buckets, objects and uploads.'],
  network: ['Network', 'No response, or an unreadable one. The codes are those of Node.js and the vendor’s SDKs.'],
  own: ['This service', 'Errors that the service detects itself.'],
};

export function errorsPage(): string {
  const sections = (Object.keys(SERVICES) as CatalogueService[]).map((service) => {
    const [title, description] = SERVICES[service];
    return [`## ${title}`, '', description, '', ...CATALOGUE[service].flatMap(entryLines)].join('\n');
  });
  return [
    '# Errors',
    '',
    '<!-- Written by `npm run docs:errors` from domain/errors/. Edit the catalogue, not this page. -->',
    '',
    'Every failure has a code, a message and a remedy, and the cloud’s request ID if the cloud answered. This page lists every',
    'code, with its class. If the cloud returns a code that is not on this page, the service shows it unchanged and derives the',
    'class from the HTTP status:',
    '',
    '- 429, or a code that contains “Throttling”, is `throttled`.',
    '- 408 and 5xx are `transient`.',
    '- 401 and 403 are `attention`.',
    '- Any other 4xx is `request`.',
    '- Without a status, a timeout or a broken connection is `transient`. Anything else is `defect`.',
    '',
    '| class | what the service does |',
    '| --- | --- |',
    ...CLASSES.map(([name, meaning]) => `| \`${name}\` | ${meaning} |`),
    '',
    'Words in capitals (`BUCKET`, `REGION`, `SOURCE` …), `disks[N]`, `{permission}` (the RAM action that was denied) and `{policy}` (a RAM',
    'policy that grants it) stand for values. The error of an import contains the actual values. An import that has stopped after its',
    'retries shows what follows “If this lasts”.',
    '',
    sections.join('\n'),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function optionOf({ option }: CatalogueEntry): string {
  return option === undefined ? '' : ` Or resume with --set ${option.path}=${option.value} ${option.effect}.`;
}

function entryLines(entry: CatalogueEntry): readonly string[] {
  const code = (name: string) => `\`${name}\``;
  const facts = [
    code(entry.class),
    ...(entry.field === undefined ? [] : [`field ${code(entry.field)}`]),
    ...(entry.prefix
      ? [
          `and every code that begins with ${code(`${entry.code}${entry.prefix === 'dotted' ? '.' : ''}`)} and has no entry of its own`,
        ]
      : []),
    ...(entry.repairedIn === undefined ? [] : [`resumes in phase ${code(entry.repairedIn)}`]),
    ...(entry.outcomeUnknown ? ['the call may have taken effect'] : []),
  ];
  return [
    `### ${code(entry.code)}`,
    '',
    `${entry.meaning}. (${facts.join('; ')})`,
    '',
    ...(entry.aliases ? [`Also spelled ${entry.aliases.map(code).join(', ')}.`, ''] : []),
    ...(entry.also ? [`The same for ${entry.also.map(code).join(', ')}.`, ''] : []),
    `${remedyOf(entry, {})}${optionOf(entry)}`,
    ...(entry.link ? ['', `See <${entry.link}>.`] : []),
    '',
  ];
}
