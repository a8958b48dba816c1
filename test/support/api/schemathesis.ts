/** Generates requests for every route from the OpenAPI document, and checks each answer against it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pythonPrograms, run } from '../python.js';

const PYTHON = path.resolve(import.meta.dirname, '../../api/python');

/** The stream of a running import does not end. Its answers have tests of their own. */
const EXCLUDED = 'streamImportEvents';

/** Of an API that is checked: thousands of requests from one address, many of them with wrong keys, are not limited. */
export const CHECKED_API_ENV = {
  ECS_IMPORT_RATE_PER_IDENTITY: '0',
  ECS_IMPORT_RATE_PER_ADDRESS: '0',
  ECS_IMPORT_WRONG_KEYS_PER_MINUTE: '0',
};

export interface CheckedApi {
  readonly url: string;
  readonly token: string;
}

export interface CheckedCases {
  readonly phases: 'fuzzing' | 'examples,coverage,fuzzing,stateful';
  /** For each operation and phase. */
  readonly examples: number;
  readonly seed: number;
  readonly timeoutMs: number;
}

/** Rejects with what was found. Resolves with the summary and the number of cases. */
export async function checkApi({ url, token }: CheckedApi, { phases, examples, seed, timeoutMs }: CheckedCases) {
  const programs = await pythonPrograms(path.join(PYTHON, 'requirements.txt'));
  // Its database of examples is kept nowhere.
  const folder = await mkdtemp(path.join(tmpdir(), 'schemathesis-'));
  try {
    const summary = await run(
      path.join(programs, 'schemathesis'),
      [
        ...['--config-file', path.join(PYTHON, 'schemathesis.toml'), 'run', `${url}/openapi.json`],
        ...['--header', `Authorization: Bearer ${token}`, '--checks', 'all', '--phases', phases],
        ...['--max-examples', String(examples), '--seed', String(seed), '--request-timeout', '30'],
        ...['--exclude-operation-id', EXCLUDED, '--generation-database', 'none', '--warnings', 'off'],
        ...['--continue-on-failure', '--no-color'],
      ],
      { timeoutMs, cwd: folder, env: { SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: PYTHON } },
    );
    const cases = Number(/Test cases:\s+([\d,]+) generated/.exec(summary)?.[1]?.replaceAll(',', ''));
    return { summary, cases };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
