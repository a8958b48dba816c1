/** Inspections with the real processes: over HTTP and before an upload. And the API as its OpenAPI document describes it. */
import { copyFileSync, mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHECKED_API_ENV, checkApi } from '../support/api/schemathesis.js';
import { DEMO_IMAGE, type Service, startService } from '../support/e2e/service.js';
import { INSTALL_MS } from '../support/python.js';

let service: Service;
/** Of each operation; `npm run check:api` sends more. */
const EXAMPLES = 4;
const images = realpathSync(mkdtempSync(path.join(tmpdir(), 'inspections-')));
const broken = path.join(images, 'cut-off.qcow2');

beforeAll(async () => {
  copyFileSync(DEMO_IMAGE, path.join(images, 'demo.qcow2'));
  copyFileSync(DEMO_IMAGE, broken);
  truncateSync(broken, 6 * 1024 * 1024);
  service = await startService({ env: { ...CHECKED_API_ENV, ECS_IMPORT_FILE_ROOTS: images } });
  await service.resetCloud();
});
afterAll(async () => {
  await service?.stop();
  rmSync(images, { recursive: true, force: true });
});

const inspect = (source: string) => service.request('POST', '/v1/inspections', { source });

test('POST /v1/inspections → the inspection by the worker that has the file', async () => {
  const { status, body } = await inspect(`file://${images}/demo.qcow2`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    format: 'QCOW2',
    platform: 'Debian',
    kernelVersion: '6.1.0-56-amd64',
    bootModes: ['BIOS'],
    nvmeSupport: 'supported',
    depth: 'guest',
  });
});

test('a missing file, or one outside the worker’s folders → rejected with the reason', async () => {
  expect(await inspect(path.join(images, 'none'))).toMatchObject({ status: 404, body: { code: 'Source.NotFound' } });
  writeFileSync(`${images}-secret`, 'x'.repeat(999));
  const outside = await inspect(`${images}-secret`);
  rmSync(`${images}-secret`);
  expect(outside).toMatchObject({ status: 400, body: { code: 'Source.OutsideRoots' } });
});

test('a blocking finding → the import stops before the upload; otherwise the findings of the cloud are compared with ours', async () => {
  const disks = (name: string) => ({ disks: [{ source: `file://${images}/${name}` }] });
  const refused = await service.untilState(await service.start(disks('cut-off.qcow2')), 'failed', 'succeeded');
  expect(refused).toMatchObject({ state: 'failed', error: { code: 'ECSIMPORT.Truncated', phase: 'preflight' } });
  expect(await service.calls('ImportImage')).toEqual([]);
  expect((await service.state()).uploads).toEqual([]);

  const id = await service.start(disks('demo.qcow2'));
  await service.untilState(id, 'succeeded', 'failed');
  const { body } = await service.request('GET', `/v1/imports/${id}`);
  expect(body.comparison.length).toBeGreaterThan(0);
  for (const { verdict } of body.comparison) expect(['agreed', 'only ours', 'only theirs']).toContain(verdict);
});

test('a request with inspection.failOn never → the same image is uploaded', async () => {
  const id = await service.start({
    disks: [{ source: `file://${broken}` }],
    inspection: { failOn: 'never' },
    upload: { bucket: 'test-bucket', prefix: 'imports/', convert: 'never' },
  });
  const view = await service.until(
    id,
    ({ phase, state }) => phase !== 'preflight' && phase !== 'accepted' && state !== 'attention',
  );
  expect(view.findings.some(({ code, severity }) => code === 'ECSIMPORT.Truncated' && severity === 'blocking')).toBe(
    true,
  );
  expect(['role', 'upload', 'import', 'detection', 'distribution', 'cleanup', 'done']).toContain(view.phase);
});

test('generated requests for every operation → answers as the OpenAPI document describes them', {
  timeout: INSTALL_MS,
}, async () => {
  const api = { url: service.apiUrl, token: service.stack.apiToken };
  const { cases } = await checkApi(api, { phases: 'fuzzing', examples: EXAMPLES, seed: 7, timeoutMs: 200_000 });
  expect(cases).toBeGreaterThan(150);
});
