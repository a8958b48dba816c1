import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CLIENT } from '../../local/temporal/certificates.js';
import { renewCertificates } from '../../local/temporal/renewal.js';

let folder: string;
const ended = new AbortController();

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'renewal-'));
});
afterEach(async () => {
  ended.abort();
  await rm(folder, { recursive: true, force: true });
});

test('certificates that expire while the service runs → replaced before, then proxy, worker and API restart', async () => {
  const restarted: string[] = [];
  const said: string[] = [];
  const beforeProxy = renewCertificates({
    ...{ folder, lifetimeMs: 1_500, checkEveryMs: 50, ended: ended.signal, say: (line) => said.push(line) },
    async restart(part) {
      restarted.push(part);
      // The supervisor starts it again.
      if (part === 'temporal-proxy') await beforeProxy();
    },
  });
  await beforeProxy();
  const first = await readFile(path.join(folder, CLIENT.cert), 'utf8');
  expect([restarted, said]).toEqual([[], []]);
  await vi.waitFor(() => expect(restarted).toEqual(['temporal-proxy', 'worker', 'api']), { timeout: 10_000 });
  expect(await readFile(path.join(folder, CLIENT.cert), 'utf8')).not.toBe(first);
  expect(said).toEqual([expect.stringMatching(/^renewed the certificates of Temporal/)]);
  ended.abort();
  const count = restarted.length;
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(restarted).toHaveLength(count);
});
