/** The `demo` command. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, test, vi } from 'vitest';
import { run, start, temporaryFolder } from '../support/cli/run-cli.js';

const folder = temporaryFolder();
/** A demo must not connect to the Temporal server that these variables select. */
const otherTemporal = {
  TEMPORAL_ADDRESS: '127.0.0.1:9',
  TEMPORAL_NAMESPACE: 'of-another-server',
  TEMPORAL_API_KEY: 'for-another-server',
  TEMPORAL_TLS: 'true',
  TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere/client.pem',
};
const env = { TMPDIR: folder.path, ...otherTemporal };

afterAll(() => folder.remove());

/** Live processes with this test's folder in their arguments: the parts of its stacks. */
function liveParts(): readonly string[] {
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

test('two concurrent demos → each imports its image, deletes its object, and leaves no process or folder', async () => {
  const [one, other] = await Promise.all([run(['demo'], env), run(['demo', '--json'], env)]);
  expect([one.code, other.code]).toEqual([0, 0]);
  for (const phase of ['accepted', 'preflight', 'role', 'upload', 'import', 'detection', 'cleanup']) {
    expect(one.stdout).toMatch(new RegExp(`\\b${phase}\\b`));
  }
  expect(one.stdout).toMatch(/image m-\w+ in cn-hangzhou/);
  expect(one.stdout).toContain('GUESTOS.Virtio');
  expect(one.stdout).toMatch(/object\s+oss:\S+\s+cn-hangzhou\s+removed/);
  // The API has stopped.
  expect(one.stdout).not.toContain('http://127.0.0.1');
  const view = JSON.parse(other.stdout);
  expect(view).toMatchObject({ state: 'succeeded', phase: 'done', image: { regionId: 'cn-hangzhou' } });
  expect(readdirSync(folder.path)).toEqual([]);
  expect(liveParts()).toEqual([]);
});

test('Ctrl-C during the import → exit code 130, and no process or folder remains', async () => {
  const child = start(['demo'], env);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stderr?.resume();
  await vi.waitFor(() => expect(output).toContain('preflight'), { timeout: 120_000, interval: 50 });
  expect(liveParts()).not.toEqual([]);
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  expect(liveParts()).toEqual([]);
  expect(readdirSync(folder.path)).toEqual([]);
});

test('an image that does not exist → reported before any server starts', async () => {
  const ran = await run(['demo', '/nowhere/disk.qcow2'], env);
  expect(ran.code).toBe(1);
  expect(ran.stderr.trim()).toBe("can't import /nowhere/disk.qcow2: it does not exist; give the path of a disk image");
});
