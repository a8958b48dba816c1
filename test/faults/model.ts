/**
 * `npm run model [-- --runs 500] [--seed N] [--lanes N] [--replay JSON]`: random lives of imports (what users do, faults,
 * deaths, time) against the promise. A sequence that breaks it is shrunk and printed as a script that --replay runs again.
 */
import { parseArgs } from 'node:util';
import { LANES } from './lanes.js';
import { checkLives, isScript, MODEL_ENV, runScript } from './random-lives.js';
import { withLanes } from './run-matrix.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    lanes: { type: 'string', default: '10' },
    replay: { type: 'string' },
  },
});

const broken = await withLanes(MODEL_ENV, async (service, source) => {
  if (values.replay !== undefined) {
    const script: unknown = JSON.parse(values.replay);
    if (!isScript(script)) throw new Error('--replay wants the JSON that a failing run has printed');
    const [lane] = LANES;
    if (lane === undefined) throw new Error('there are no lanes');
    return await runScript(service, lane, source, script);
  }
  console.log(`seed ${values.seed}`);
  const options = { runs: Number(values.runs), seed: Number(values.seed), lanes: Number(values.lanes) };
  return await checkLives(service, source, options);
});
for (const line of broken) console.log(line);
console.log(`${values.replay === undefined ? values.runs : 1} sequences, ${broken.length} violations`);
process.exit(broken.length === 0 ? 0 : 1);
