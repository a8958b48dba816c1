/** Generates docs/cloud.md from the list of assumptions, so that the two cannot differ. */
import { ASSUMPTIONS, type Assumption } from '../domain/assumptions/index.js';

export function cloudPage(): string {
  const all = ASSUMPTIONS.flatMap(({ assumptions }): readonly Assumption[] => assumptions);
  const automatic = all.filter(({ checkedBy }) => checkedBy === 'doctor').length;
  return [
    '# What was never seen on the real cloud',
    '',
    '<!-- Written by `npm run docs:cloud` from domain/assumptions/. Edit the list, not this page. -->',
    '',
    'The service was developed against the vendor’s documents, SDKs and public tools, and against the emulator. No test has run',
    'against the real cloud. This page lists what the service assumes about it, how to check each assumption with an account, and what',
    'the service does if the cloud behaves differently.',
    '',
    '```sh',
    'ecs-image-import doctor --verify-against-cloud --region REGION --bucket BUCKET',
    '```',
    '',
    `prints this list as steps. It runs ${automatic} of the ${all.length} checks by itself, marked “doctor” below: read-only calls, dry runs, and calls with`,
    'IDs that cannot exist. They change nothing. It prints what it saw next to what is assumed; `--json` prints the same for programs.',
    'The other checks create or change resources, so they are yours. Use an account or a bucket for tests, and an image of 1 GiB: the',
    'whole list takes about an hour. Please report a difference, with the request ID of the call.',
    '',
    'Words in capitals stand for values.',
    '',
    ...ASSUMPTIONS.flatMap(({ title, assumptions }) => [`## ${title}`, '', ...assumptions.flatMap(lines)]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function lines({ id, assumed, source, checkedBy, steps, otherwise }: Assumption): readonly string[] {
  const isCommand = (step: string) => /^(aliyun|ossutil|ecs-image-import|curl|dig) /.test(step);
  return [
    `### ${id}`,
    '',
    assumed,
    '',
    `- Source: ${source}`,
    `- Check (${checkedBy === 'doctor' ? 'doctor' : 'by hand'}):`,
    ...steps.map((step, index) => `  ${index + 1}. ${isCommand(step) ? `\`${step}\`` : step}`),
    `- If the cloud behaves differently: ${otherwise}`,
    '',
  ];
}
