/** docs/errors.md, made of the catalogue so that the two cannot differ. */
import { CATALOGUE, type CatalogueEntry, type CatalogueService } from '../domain/errors/index.js';

const CLASSES: readonly (readonly [CatalogueEntry['class'], string])[] = [
  [
    'transient',
    'Passes by itself. Tried again with growing waits; after `ECS_IMPORT_PATIENCE_MS` it asks for attention.',
  ],
  ['throttled', 'The cloud asks for fewer calls. Tried again when it says, and the whole worker slows down.'],
  [
    'attention',
    'A person must act. The import stops, keeps all it has done, and goes on from there when told `resume`.',
  ],
  ['request', 'The request or the image is wrong. The import fails, says which field, and cleans up.'],
  ['defect', 'A fault of this service. The import fails and cleans up; please report it.'],
  ['success', 'No error at all, though the cloud reports it as one.'],
];

const SERVICES: Readonly<Record<CatalogueService, readonly [title: string, words: string]>> = {
  ecs: ['ECS', 'Importing first, in the order of the vendor’s page; then tasks, copies, sharing and tags.'],
  common: ['ECS, RAM and STS alike', 'What the gateway before them answers to any call.'],
  ram: ['RAM', 'The role by which ECS reads the bucket, and its policies.'],
  sts: ['STS', 'Who the service is, and roles that it takes on.'],
  oss: ['OSS', 'Buckets, objects and uploads.'],
  network: ['The network', 'No answer, or none that can be read: codes of Node and of the vendor’s SDKs.'],
  own: ['This service', 'Found out here, before or beside the cloud.'],
};

export function errorsPage(): string {
  const sections = (Object.keys(SERVICES) as CatalogueService[]).map((service) => {
    const [title, words] = SERVICES[service];
    return [`## ${title}`, '', words, '', ...CATALOGUE[service].flatMap(entryLines)].join('\n');
  });
  return [
    '# Errors and what to do about them',
    '',
    '<!-- Written by `npm run docs:errors` from domain/errors/. Change that, not this. -->',
    '',
    'Every failure has a code from this page, the message, a remedy, and the cloud’s request id where it answered at all.',
    'A code that is not here is shown as the cloud gave it and judged by its HTTP status: 429 is throttled, 408 and 5xx are',
    'transient, 401 and 403 ask for attention, any other 4xx is the request’s; without a status, a time-out or cut connection',
    'is transient and anything else a defect.',
    '',
    '| class | what the service does |',
    '| --- | --- |',
    ...CLASSES.map(([name, words]) => `| \`${name}\` | ${words} |`),
    '',
    '`{permission}` and `{policy}` below stand for the RAM action that was refused and a RAM policy that grants it; in an',
    'import’s error they are filled in.',
    '',
    sections.join('\n'),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
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
    ...(entry.outcomeUnknown ? ['the call may have taken effect'] : []),
  ];
  return [
    `### ${code(entry.code)}`,
    '',
    `${entry.meaning}. (${facts.join('; ')})`,
    '',
    ...(entry.aliases ? [`Also spelled ${entry.aliases.map(code).join(', ')}.`, ''] : []),
    ...(entry.also ? [`The same for ${entry.also.map(code).join(', ')}.`, ''] : []),
    entry.remedy,
    ...(entry.link ? ['', `See <${entry.link}>.`] : []),
    '',
  ];
}
