/** `reconcile` claims that nothing is lost only when every open import and batch was compared. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runInProcess } from '../support/cli/run-in-process.js';
import { type FakeApi, startFakeApi } from '../support/client/fake-api.js';

const LOST = { kind: 'import', id: 'imp-1', code: 'Import.WorkflowLost', startedIn: null, action: 'clean-up' };

let api: FakeApi;
let answer: object = {};

beforeAll(async () => {
  api = await startFakeApi((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ connected: {}, done: [], left: [], ...answer }));
  });
});
afterAll(() => api.close());

const NONE = 'no import or batch is without its workflow';

test.each([
  ['nothing lost, all compared', { lost: [], unchecked: 0 }, [NONE], ['checked']],
  ['nothing lost, an API without the count', { lost: [] }, [NONE], ['checked']],
  [
    'nothing lost so far',
    { lost: [], unchecked: 3 },
    ['3 imports or batches are still being checked: run it again in a minute'],
    [NONE],
  ],
  ['some lost', { lost: [LOST], unchecked: 1 }, ['imp-1', '1 import or batch is still being checked'], [NONE]],
])('%s → prints what is known', async (_what, given, shown, hidden) => {
  answer = given;
  const { stdout } = await runInProcess(['reconcile', '--api', api.url]);
  for (const text of shown) expect(stdout).toContain(text);
  for (const text of hidden) expect(stdout).not.toContain(text);
});
