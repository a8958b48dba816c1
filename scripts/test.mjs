// `npm test`: tools, build, then types, lint, import directions and the like side by side, then all tests. The last line has the counts.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const work = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-test-'));
const resultFile = path.join(work, 'results.json');

const script = (name, ...command) => [name, ['npm', 'run', '--silent', ...(command.length > 0 ? command : [name])]];

/** Steps of one group need nothing from each other. The lists of a group run side by side, each in its order; a group runs if none before it failed. */
const groups = [
  [[['tools', ['bash', 'scripts/test-tools.sh']], script('build')]],
  [
    [script('types')],
    [['Temporal server', ['npx', 'tsx', 'scripts/install-temporal.ts']]],
    [script('lint'), script('imports'), script('unused files, exports and dependencies', 'unused'), script('package')],
  ],
  [
    [
      [
        'tests',
        [
          'npx',
          'vitest',
          'run',
          '--project=fast',
          '--project=parts',
          '--project=slow',
          '--reporter=default',
          '--reporter=json',
          `--outputFile.json=${resultFile}`,
        ],
      ],
    ],
  ],
];

/** The output of a step that has company is printed in one piece, at its end. */
function run([name, [command, ...args]], alone) {
  const started = Date.now();
  if (alone) console.log(`\n── ${name}`);
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: alone ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => output.push(`${error.message}\n`));
    child.on('close', (code) => {
      if (!alone) process.stdout.write(`\n── ${name}\n${Buffer.concat(output.map((part) => Buffer.from(part)))}`);
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      console.log(`── ${name}: ${code === 0 ? 'ok' : 'failed'} in ${seconds} s`);
      resolve(code === 0);
    });
  });
}

/** Stops at the first failed step of each list. */
async function runList(steps, alone) {
  for (const step of steps) {
    if (!(await run(step, alone))) return [step[0]];
  }
  return [];
}

const failed = [];
for (const lists of groups) {
  const results = await Promise.all(lists.map((steps) => runList(steps, lists.length === 1)));
  failed.push(...results.flat());
  if (failed.length > 0) break;
}

let counts = { passed: 0, failed: 0, skipped: 0 };
try {
  const results = JSON.parse(readFileSync(resultFile, 'utf8'));
  counts = {
    passed: results.numPassedTests,
    failed: results.numFailedTests,
    skipped: results.numPendingTests + results.numTodoTests,
  };
} catch {
  if (failed.length === 0) failed.push('tests');
}
rmSync(work, { recursive: true, force: true });
if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(failed.length === 0 && counts.failed === 0 && counts.passed > 0 ? 0 : 1);
