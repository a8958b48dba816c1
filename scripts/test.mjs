// `npm test`: tools, build, types, lint, import directions, then all tests. The last line has the counts.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const work = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-test-'));
const resultFile = path.join(work, 'results.json');

/** Stops at the first failed step. The tests come last, so that type errors are reported early. */
const steps = [
  ['tools', ['bash', 'scripts/test-tools.sh']],
  ['build', ['npm', 'run', '--silent', 'build']],
  ['types', ['npm', 'run', '--silent', 'types']],
  ['lint', ['npm', 'run', '--silent', 'lint']],
  ['imports', ['npm', 'run', '--silent', 'imports']],
  ['unused files, exports and dependencies', ['npm', 'run', '--silent', 'unused']],
  ['package', ['npm', 'run', '--silent', 'package']],
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
];

let failed = null;
for (const [name, [command, ...args]] of steps) {
  const started = Date.now();
  console.log(`\n── ${name}`);
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  console.log(
    `── ${name}: ${result.status === 0 ? 'ok' : 'failed'} in ${((Date.now() - started) / 1000).toFixed(1)} s`,
  );
  if (result.status !== 0) {
    failed = name;
    break;
  }
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
  failed ??= 'tests';
}
rmSync(work, { recursive: true, force: true });
if (failed !== null) console.log(`\n${failed} failed`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(failed === null && counts.failed === 0 && counts.passed > 0 ? 0 : 1);
