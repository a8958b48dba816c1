/** Missing or wrong credentials: the import requires action, names the variable to set, and creates nothing. */
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBucket, type Ran, run, temporaryFolder, type Up, up } from '../support/cli/run-cli.js';
import { DEMO_IMAGE } from '../support/e2e/service.js';

const folder = temporaryFolder();
let wrong: Up;

beforeAll(async () => {
  wrong = await up(path.join(folder.path, 'data'), {
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'emulator',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'not-the-secret-at-all',
  });
  await makeBucket(wrong.emulator, 'here', 'cn-hangzhou');
});
afterAll(async () => {
  await wrong?.stop();
  folder.remove();
});

function importInto(api: string, name: string): Promise<Ran> {
  return run(['import', DEMO_IMAGE, '--region', 'cn-hangzhou', '--bucket', 'here', '--name', name, '--api', api]);
}

test('a wrong secret → exit code 3 with error code and remedy, and without the secret', async () => {
  const ran = await importInto(wrong.api, 'wrong-secret');
  expect(ran.code).toBe(3);
  expect(ran.stdout).toContain('SignatureDoesNotMatch');
  expect(ran.stdout).toMatch(/remedy: .*ALIBABA_CLOUD_ACCESS_KEY_SECRET/);
  expect(ran.stdout + ran.stderr).not.toContain('not-the-secret-at-all');
  const [waiting] = JSON.parse((await run(['list', '--json', '--api', wrong.api])).stdout);
  expect(waiting).toMatchObject({ state: 'attention', ledger: [] });
  expect((await run(['cancel', waiting.id, '--api', wrong.api])).code).toBe(0);
  expect((await run(['watch', waiting.id, '--api', wrong.api])).code).toBe(4);
});

test('no credentials → exit code 3, and the remedy names the variable to set', async () => {
  const { ALIBABA_CLOUD_ACCESS_KEY_ID: _id, ALIBABA_CLOUD_ACCESS_KEY_SECRET: _secret } = process.env;
  expect([_id, _secret]).toEqual([undefined, undefined]);
  const none = await up(path.join(folder.path, 'none'), {
    ALIBABA_CLOUD_ACCESS_KEY_ID: '',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: '',
    ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
    HOME: folder.path,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? path.join(process.env.HOME ?? '/', '.cache'),
  });
  try {
    const ran = await importInto(none.api, 'no-credentials');
    expect(ran.code).toBe(3);
    expect(ran.stdout).toMatch(/remedy: .*ALIBABA_CLOUD_ACCESS_KEY_ID/);
  } finally {
    await none.stop();
  }
});
