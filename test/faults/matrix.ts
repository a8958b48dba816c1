/**
 * `npm run matrix [-- --only PATTERN] [--concurrency N] [--freeze]`: the complete fault matrix, or with --freeze the freezes of a
 * worker. Prints a table; the last line counts cases and
 * violations. The exit code is 1 if there is a violation.
 */
import { parseArgs } from 'node:util';
import { allCases, type FaultCase, uncovered } from './cases.js';
import { CRASHES, OUTAGES } from './crash-cases.js';
import { FREEZES } from './freeze-cases.js';
import type { Verdict } from './run-case.js';
import { runCrashes } from './run-crashes.js';
import { runFreezes } from './run-freezes.js';
import { QUICK_ENV, runCases, withSandboxes } from './run-matrix.js';
import { runOutages } from './run-outages.js';
import { isShared, SANDBOXES } from './sandboxes.js';
import { table } from './table.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    freeze: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: String(SANDBOXES.length) },
  },
});
const only = new RegExp(values.only);
const fits = ({ name }: { readonly name: string }) => only.test(name);

const began = Date.now();
const verdicts: Verdict[] = [];
const say = (verdict: Verdict) => {
  verdicts.push(verdict);
  const { name, state, stops, hits, seconds } = verdict;
  const verdictWord = verdict.violations.length === 0 ? 'ok ' : 'BAD';
  console.log(`${verdictWord} ${name} → ${state}, hit ${hits}×, stops [${stops.join(', ')}], ${seconds.toFixed(1)} s`);
  for (const violation of verdict.violations) console.log(`    ${verdict.importId ?? ''} ${violation}`);
};

/** Calls that imports have made and that no case covers. */
const missed = new Set<string>();
const runAll = async (some: readonly FaultCase[]) => {
  if (some.length === 0) return;
  await withSandboxes(QUICK_ENV, async (service, source) => {
    await runCases(service, some, source, Number(values.concurrency), say);
    for (const call of uncovered(await service.actions())) missed.add(call);
  });
};
const [cases, crashes, outages] = values.freeze
  ? [[], [], []]
  : [allCases().filter(fits), CRASHES.filter(fits), OUTAGES.filter(fits)];
if (values.freeze) await runFreezes(FREEZES.filter(fits), say);
// Run concurrently on separate services, because they mostly wait. Faults that hit every import run sequentially.
await Promise.all([
  runAll(cases.filter(isShared)),
  runAll(cases.filter((one) => !isShared(one))),
  (async () => {
    if (crashes.length > 0) await runCrashes(crashes, say);
    if (outages.length > 0) await runOutages(outages, 60_000, say);
  })(),
]);

console.log(table(verdicts));
const slowest = verdicts.reduce<Verdict | null>((most, one) => (one.seconds > (most?.seconds ?? 0) ? one : most), null);
if (slowest !== null) console.log(`slowest: ${slowest.name}, ${slowest.seconds.toFixed(1)} s`);
console.log(`${((Date.now() - began) / 1_000).toFixed(0)} s in total`);
for (const call of missed) console.log(`BAD imports call ${call}, but no case covers it`);
const broken = verdicts.reduce((sum, verdict) => sum + verdict.violations.length, missed.size);
console.log(`${verdicts.length} cases, ${broken} violations`);
process.exit(broken === 0 && verdicts.length > 0 ? 0 : 1);
