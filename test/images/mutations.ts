/** `npm run mutations [-- --runs 1000] [--seed N]`: inspects mutated copies of each test image; every one must end with a report. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inspectMutated } from '../support/images/hostile.js';
import { DEMO } from '../support/images/made-images.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

console.log(`seed ${values.seed}`);
const fixtures = path.join(import.meta.dirname, 'fixtures');
const images = [
  DEMO,
  ...readdirSync(fixtures).flatMap((name) => (name.endsWith('.qcow2') ? [path.join(fixtures, name)] : [])),
];
let thrown = 0;
for (const image of images) {
  const run = inspectMutated(Number(values.runs), Number(values.seed), image);
  for (const error of run.thrown) console.log(error);
  console.log(
    `${path.basename(image)}: ${run.inspections} inspections, ${run.thrown.length} errors, slowest ${run.slowestMs.toFixed(0)} ms`,
  );
  thrown += run.thrown.length;
}
process.exit(thrown === 0 ? 0 : 1);
