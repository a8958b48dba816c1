/**
 * Starts the service with the emulator, sends generated requests to every route, and checks each answer against the OpenAPI
 * document: `npm run check:api`, or `npm run check:api -- --examples 20 --seed 7`. Takes some minutes.
 */
import { parseArgs } from 'node:util';
import { CHECKED_API_ENV, checkApi } from '../test/support/api/schemathesis.js';
import { startService } from '../test/support/e2e/service.js';

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});

const service = await startService({ env: CHECKED_API_ENV });
try {
  const { summary, cases } = await checkApi(
    { url: service.apiUrl, token: service.stack.apiToken },
    {
      phases: 'examples,coverage,fuzzing,stateful',
      examples: Number(values.examples),
      seed: Number(values.seed),
      timeoutMs: 60 * 60_000,
    },
  );
  console.log(summary);
  console.log(`${cases} cases, seed ${values.seed}: no finding`);
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await service.stop();
}
