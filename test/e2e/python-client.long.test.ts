import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApiText } from '../support/api/document.js';
import { BUCKET, DEMO_IMAGE, type Service, startService } from '../support/e2e/service.js';
import { INSTALL_MS, pythonPrograms, run } from '../support/python.js';

let service: Service;
const images = realpathSync(mkdtempSync(path.join(tmpdir(), 'inspections-')));

beforeAll(async () => {
  copyFileSync(DEMO_IMAGE, path.join(images, 'demo.qcow2'));
  service = await startService({ env: { ECS_IMPORT_FILE_ROOTS: images } });
  await service.resetCloud();
});
afterAll(async () => {
  await service?.stop();
  rmSync(images, { recursive: true, force: true });
});

const PYTHON = path.resolve(import.meta.dirname, '../api/python');

test('a Python client generated from the OpenAPI document → runs one import', { timeout: INSTALL_MS }, async () => {
  const programs = await pythonPrograms(path.join(PYTHON, 'requirements.txt'));
  const folder = path.join(images, 'client');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'openapi.json'), await openApiText());
  const generate = ['generate', '--path', 'openapi.json', '--meta', 'none', '--output-path', 'ecs_image_import_client'];
  await run(path.join(programs, 'openapi-python-client'), generate, { timeoutMs: 60_000, cwd: folder });
  const args = [path.join(PYTHON, 'import_one.py'), service.apiUrl, service.stack.apiToken, `${images}/demo.qcow2`];
  const output = await run(path.join(programs, 'python'), [...args, BUCKET, 'python-1'], {
    ...{ timeoutMs: 150_000, cwd: folder },
    env: { PYTHONPATH: folder },
  });
  const { image } = JSON.parse(output);
  expect(JSON.parse(output)).toMatchObject({
    ...{ state: 'succeeded', error: null, sameForSameKey: true, listed: true },
    unknown: 'Import.NotFound',
  });
  expect((await service.state()).images.map(({ imageId }) => imageId)).toContain(image);
});
