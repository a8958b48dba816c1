/**
 * `npm run matrix [-- --only PATTERN] [--lanes N]`: the whole fault matrix. Prints a table; the last line counts cases and
 * violations of the promise, and the exit code is 1 where there is one.
 */
import { parseArgs } from 'node:util';
import { allCases } from './cases.js';
import { CRASHES, OUTAGES } from './crash-cases.js';
import type { Verdict } from './run-case.js';
import { runCrashes } from './run-crashes.js';
import { QUICK_ENV, runCases, withLanes } from './run-matrix.js';
import { runOutages } from './run-outages.js';
import { table } from './table.js';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, lanes: { type: 'string', default: '10' } },
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

const cases = allCases().filter(fits);
if (cases.length > 0) {
  await withLanes(QUICK_ENV, (service, source) => runCases(service, cases, source, Number(values.lanes), say));
}
const crashes = CRASHES.filter(fits);
if (crashes.length > 0) await runCrashes(crashes, say);
const outages = OUTAGES.filter(fits);
if (outages.length > 0) await runOutages(outages, 60_000, say);

console.log(table(verdicts));
const slowest = verdicts.reduce<Verdict | null>((most, one) => (one.seconds > (most?.seconds ?? 0) ? one : most), null);
if (slowest !== null) console.log(`slowest: ${slowest.name}, ${slowest.seconds.toFixed(1)} s`);
console.log(`${((Date.now() - began) / 1_000).toFixed(0)} s in all`);
const broken = verdicts.reduce((sum, verdict) => sum + verdict.violations.length, 0);
console.log(`${verdicts.length} cases, ${broken} violations`);
process.exit(broken === 0 && verdicts.length > 0 ? 0 : 1);
