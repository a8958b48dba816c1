/**
 * `npm run model [-- --runs 500] [--seed N] [--concurrency N] [--replay JSON]`: random sequences of user commands, faults, worker
 * crashes and waits. A sequence with a violation is shrunk and printed as a script for --replay.
 */
import { parseArgs } from 'node:util';
import { checkSequences, isScript, MODEL_ENV, replay } from './random-sequences.js';
import { withSandboxes } from './run-matrix.js';
import { SANDBOXES } from './sandboxes.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    concurrency: { type: 'string', default: String(SANDBOXES.length) },
    replay: { type: 'string' },
  },
});

const began = Date.now();
const broken = await withSandboxes(MODEL_ENV, async (service, source) => {
  if (values.replay !== undefined) {
    const script: unknown = JSON.parse(values.replay);
    if (!isScript(script)) throw new Error('--replay must be the JSON script that a failing run has printed');
    return await replay(service, source, script);
  }
  console.log(`seed ${values.seed}`);
  const options = { runs: Number(values.runs), seed: Number(values.seed), concurrency: Number(values.concurrency) };
  return await checkSequences(service, source, { ...options, say: (line) => console.log(line) });
});
for (const line of broken) console.log(line);
console.log(`${((Date.now() - began) / 1_000).toFixed(0)} s in total`);
const broke = broken.filter((line) => line.startsWith('seed ')).length;
const violations = broken.length === 0 ? 0 : Math.max(1, broke);
console.log(`${values.replay === undefined ? values.runs : 1} sequences, ${violations} violations`);
process.exit(broken.length === 0 ? 0 : 1);
