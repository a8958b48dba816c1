/**
 * `npm run test:images`: creates every test image, inspects it, and compares the result with the image's actual content.
 * A run over all images writes the table in docs/inspection.md. Exit code 1 if a result is wrong.
 *
 *   npx tsx test/images/inspect-test-images.ts [--keep] [NAME…]      --keep: do not delete the images in test/images/cache
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInspector } from '../../images/inspect-in-child.js';
import type { Inspection } from '../../images/inspection.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MAKE = path.join(ROOT, 'test/images/make/test-images.sh');
const DOC = path.join(ROOT, 'docs/inspection.md');
const BEGIN = '<!-- table of test images: written by npm run test:images -->';
const END = '<!-- end of the table -->';
/** In the order of the table's columns. An empty `cloudInitVersion` means "not installed". */
const FACTS = [
  'format',
  'bootMode',
  'architecture',
  'platform',
  'osVersion',
  'kernelVersion',
  'cloudInitVersion',
  'nvmeSupport',
] as const;

interface Row {
  readonly name: string;
  readonly made: string;
  readonly facts: readonly Compared[];
  readonly findings: Compared;
  readonly ms: number;
}

interface Compared {
  readonly found: string;
  /** Null: `found` is the expected value. */
  readonly expected: string | null;
}

const args = process.argv.slice(2);
const keep = args.includes('--keep');
const named = args.filter((arg) => !arg.startsWith('--'));
const folder = process.env.TEST_IMAGE_FOLDER ?? path.join(ROOT, 'test/images/cache');
const all = execFileSync('bash', [MAKE, '--list'], { encoding: 'utf8' }).trim().split('\n');
const rows: Row[] = [];
for (const name of named.length > 0 ? named : all) {
  const file = path.join(folder, name);
  const wasThere = existsSync(file);
  execFileSync('bash', [MAKE, '--to', folder, name], { stdio: ['ignore', 'ignore', 'inherit'] });
  const row = await inspect(name, file);
  rows.push(row);
  process.stdout.write(`${isRight(row) ? 'ok   ' : 'WRONG'} ${name} (${row.ms} ms)\n`);
  for (const { found, expected } of [...row.facts, row.findings]) {
    if (expected !== null) process.stdout.write(`      found "${found}", expected "${expected}"\n`);
  }
  if (!keep && !wasThere) rmSync(file);
}
if (named.length === 0) writeTable(rows);
const wrong = rows.filter((row) => !isRight(row)).length;
process.stdout.write(`\n${rows.length - wrong} passed, ${wrong} failed\n`);
process.exit(wrong === 0 ? 0 : 1);

async function inspect(name: string, file: string): Promise<Row> {
  const expected = new Map(
    readFileSync(`${file}.expected`, 'utf8')
      .split('\n')
      .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const startedAt = performance.now();
  const inspection = await createInspector()(file);
  const ms = Math.round(performance.now() - startedAt);
  const compare = (found: string, wanted: string | undefined): Compared => ({
    found,
    expected: wanted === undefined || wanted === found ? null : wanted,
  });
  return {
    name,
    made: expected.get('made') ?? '',
    facts: FACTS.map((fact) => compare(String(inspection[fact] ?? ''), expected.get(fact))),
    findings: compare(serious(inspection), expected.get('findings')?.split(' ').filter(Boolean).sort().join(' ')),
    ms,
  };
}

/** Every finding above `info`, without duplicates. */
function serious({ findings }: Inspection): string {
  const codes = findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, code }) => `${severity}:${code}`);
  return [...new Set(codes)].sort().join(' ');
}

function isRight({ facts, findings }: Row): boolean {
  return [...facts, findings].every(({ expected }) => expected === null);
}

function writeTable(list: readonly Row[]): void {
  const cell = ({ found, expected }: Compared) => {
    const text = found === '' ? '–' : found.replaceAll(' ', '<br>');
    return expected === null ? text : `**${text}** (expected ${expected === '' ? '–' : expected})`;
  };
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const head = [
    'image',
    'made',
    'format',
    'boot',
    'architecture',
    'platform',
    'version',
    'kernel',
    'cloud-init',
    'NVMe',
    'findings above info',
  ];
  const table = [
    line(head),
    line(head.map(() => '---')),
    ...list.map((row) =>
      line([row.name.replace('-constructed', ''), row.made, ...row.facts.map(cell), cell(row.findings)]),
    ),
  ].join('\n');
  const doc = readFileSync(DOC, 'utf8');
  const [before = '', rest = ''] = doc.split(BEGIN);
  const after = rest.split(END)[1] ?? '\n';
  writeFileSync(DOC, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}
