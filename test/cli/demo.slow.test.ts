/** `npm run demo`: the first thing that a newcomer runs. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, test, vi } from 'vitest';
import { run, start, temporaryFolder } from '../support/cli/run-cli.js';

const folder = temporaryFolder();
/** A demo never joins a Temporal that is used for other work, whatever the environment says of it. */
const ofAnotherTemporal = {
  TEMPORAL_ADDRESS: '127.0.0.1:9',
  TEMPORAL_NAMESPACE: 'of-another-server',
  TEMPORAL_API_KEY: 'for-another-server',
  TEMPORAL_TLS: 'true',
  TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere/client.pem',
};
const env = { TMPDIR: folder.path, ...ofAnotherTemporal };

afterAll(() => folder.remove());

/** Live processes whose arguments name this test's own folder: the parts of its stacks. */
function partsAlive(): readonly string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => {
      try {
        return readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes(folder.path));
}

test('two demos side by side each end with an image, the findings, a closed ledger, and nothing left on the machine', async () => {
  const [one, other] = await Promise.all([run(['demo'], env), run(['demo', '--json'], env)]);
  expect([one.code, other.code]).toEqual([0, 0]);
  for (const phase of ['accepted', 'preflight', 'role', 'upload', 'import', 'detection', 'cleanup']) {
    expect(one.stdout).toMatch(new RegExp(`\\b${phase}\\b`));
  }
  expect(one.stdout).toMatch(/image m-\w+ in cn-hangzhou/);
  expect(one.stdout).toContain('GUESTOS.Virtio');
  expect(one.stdout).toMatch(/object\s+oss:\S+\s+cn-hangzhou\s+gone, as meant/);
  expect(one.stdout).toMatch(/API http:\/\/127\.0\.0\.1:\d+/);
  const view = JSON.parse(other.stdout);
  expect(view).toMatchObject({ state: 'succeeded', phase: 'done', image: { regionId: 'cn-hangzhou' } });
  expect(readdirSync(folder.path)).toEqual([]);
  expect(partsAlive()).toEqual([]);
});

test('Ctrl-C in the middle stops all that it started and leaves no folder', async () => {
  const child = start(['demo'], env);
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  child.stderr?.resume();
  await vi.waitFor(() => expect(said).toContain('preflight'), { timeout: 60_000, interval: 50 });
  expect(partsAlive()).not.toEqual([]);
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  expect(partsAlive()).toEqual([]);
  expect(readdirSync(folder.path)).toEqual([]);
});

test('an image that cannot be read is told before anything is started', async () => {
  const ran = await run(['demo', '/nowhere/disk.qcow2'], env);
  expect(ran.code).toBe(1);
  expect(ran.stderr.trim()).toBe(
    "can't import /nowhere/disk.qcow2: there is no such file; give the path of a disk image",
  );
});
