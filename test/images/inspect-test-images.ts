/**
 * `npm run test:images`: creates every test image, inspects it, and compares the result with the image's actual content,
 * and for the small guests with what the machine does. A run over all images writes the tables in docs/inspection.md.
 * Exit code 1 if a result is wrong.
 *
 *   npx tsx test/images/inspect-test-images.ts [--keep] [--boot] [NAME…]
 *     --keep: do not delete the images in test/images/cache; --boot: boot the small guests too, instead of using the
 *     results in test/images/make/parts/storage.sh
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bootCheck } from '../../images/boot-check/boot-check.js';
import { createInspector } from '../../images/inspect-in-child.js';
import type { Inspection } from '../../images/inspection.js';
import { type Verdict, verdictOf } from './truth/verdict.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MAKE = path.join(ROOT, 'test/images/make/test-images.sh');
const DOC = path.join(ROOT, 'docs/inspection.md');
const TABLES = ['test images', 'small guests'] as const;
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
  readonly verdict: Verdict;
  /** What the machine does; null: the image is not about booting. */
  readonly boots: boolean | null;
  readonly ms: number;
}

interface Compared {
  readonly found: string;
  /** Null: `found` is the expected value. */
  readonly expected: string | null;
}

const args = process.argv.slice(2);
const keep = args.includes('--keep');
const bootAgain = args.includes('--boot');
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
  if (row.boots !== null) process.stdout.write(`      verdict: ${row.verdict}; ${row.boots ? 'login' : 'no login'}\n`);
  if (!keep && !wasThere) rmSync(file);
}
if (named.length === 0) writeTables(rows);
const wrong = rows.filter((row) => !isRight(row)).length;
const judged = rows.filter(({ boots }) => boots !== null);
const falseBoot = judged.filter(({ verdict, boots }) => verdict === 'boots' && boots === false).length;
const falseNoBoot = judged.filter(({ verdict, boots }) => verdict === 'does not boot' && boots === true).length;
const unsure = judged.filter(({ verdict }) => verdict === 'not verified').length;
process.stdout.write(
  `\n${rows.length - wrong} passed, ${wrong} failed; ${judged.length} small guests, ${falseBoot} false boot, ${falseNoBoot} false no-boot, ${unsure} not verified\n`,
);
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
    verdict: verdictOf(inspection),
    boots: await bootOf(name, file, inspection, expected.get('boots')),
    ms,
  };
}

async function bootOf(name: string, file: string, inspection: Inspection, kept: string | undefined) {
  if (kept === undefined) return null;
  if (!bootAgain) return kept === 'yes';
  const bootMode = inspection.bootMode ?? 'BIOS';
  const machine: Inspection = { ...inspection, bootMode, architecture: 'x86_64', osType: 'linux', findings: [] };
  const { outcome, finding } = await bootCheck(file, machine, { timeLimitMs: 600_000 });
  if (outcome === 'not-run') throw new Error(finding.message);
  if ((outcome === 'login') !== (kept === 'yes'))
    process.stdout.write(`      ${name} boots to ${outcome}; correct its row in storage.sh\n`);
  return outcome === 'login';
}

/** Every finding above `info`, without duplicates. */
function serious({ findings }: Inspection): string {
  const codes = findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, code }) => `${severity}:${code}`);
  return [...new Set(codes)].sort().join(' ');
}

function isRight({ facts, findings, verdict, boots }: Row): boolean {
  const isVerdictWrong = boots !== null && verdict !== 'not verified' && (verdict === 'boots') !== boots;
  return !isVerdictWrong && [...facts, findings].every(({ expected }) => expected === null);
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], body: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...body].map(line).join('\n');

function writeTables(list: readonly Row[]): void {
  const cell = ({ found, expected }: Compared) => {
    const text = found === '' ? '–' : found.replaceAll(' ', '<br>');
    return expected === null ? text : `**${text}** (expected ${expected === '' ? '–' : expected})`;
  };
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
  const whole = list
    .filter(({ boots }) => boots === null)
    .map((row) => [row.name.replace('-constructed', ''), row.made, ...row.facts.map(cell), cell(row.findings)]);
  const small = list
    .filter(({ boots }) => boots !== null)
    .map(({ name, verdict, boots }) => [name.replace('.qcow2', ''), verdict, boots ? 'login' : 'no login']);
  const bodies = [table(head, whole), table(['guest', 'verdict', 'the machine'], small)];
  const doc = TABLES.reduce(
    (text, name, index) => {
      const begin = `<!-- table of ${name}: written by npm run test:images -->`;
      const end = `<!-- end of the table of ${name} -->`;
      const [before = '', rest = ''] = text.split(begin);
      return `${before}${begin}\n\n${bodies[index] ?? ''}\n\n${end}${rest.split(end)[1] ?? '\n'}`;
    },
    readFileSync(DOC, 'utf8'),
  );
  writeFileSync(DOC, doc);
}
