/** A backup is restored into new servers after imports have finished: nothing is imported again, and the others continue. */
import { cpSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMPORT_TAG_KEY } from '../../domain/ids.js';
import { REGION, type Service, startService } from '../support/e2e/service.js';

const COPY_REGION = 'cn-beijing';
/** An import counts as old immediately, as one does after a restore. */
const env = { ECS_IMPORT_LATE_WINDOW_MS: '100' };

let root: string;
let service: Service;

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-restore-'));
  service = await startService({ env, dataDir: path.join(root, 'lost') });
  await service.learnNoLimits();
});
afterAll(async () => {
  await service?.stop();
  rmSync(root, { recursive: true, force: true });
});

/** As tar does: sockets are no data. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true, filter: (file) => !lstatSync(file).isSocket() });
}

const resume = (id: string) => service.request('POST', `/v1/imports/${id}/resume`, { set: { role: 'ensure' } });

test('imports that finished after the backup → adopt their images, send nothing again; the others finish', async () => {
  await service.settings({ importSeconds: 0.5, detectionSeconds: 0.2, copySeconds: 0.3 });
  const held = await service.fault({
    service: 'oss',
    action: 'UploadPart',
    kind: 'http',
    status: 503,
    code: 'ServiceUnavailable',
    times: -1,
  });
  const inUpload = await service.start({ detection: { failOn: 'never' } });
  const inAttention = await service.start({
    role: 'verify',
    roleName: 'missing-1',
    distribute: { regions: [COPY_REGION], shareWith: [] },
  });
  const unfinished = await service.start({ role: 'verify', roleName: 'missing-2' });
  await service.until(inUpload, ({ phase }) => phase === 'upload');
  await service.untilState(inAttention, 'attention');
  await service.untilState(unfinished, 'attention');
  // The commands of docs/backup.md.
  await service.stop({ keepData: true });
  const [lost, backup, restored] = ['lost', 'backup', 'restored'].map((name) => path.join(root, name)) as [
    string,
    string,
    string,
  ];
  copy(lost, backup);

  service = await startService({ env, dataDir: lost });
  await service.endFault(held).catch(() => undefined);
  await resume(inAttention);
  for (const id of [inUpload, inAttention])
    expect((await service.untilState(id, 'succeeded', 'failed')).state).toBe('succeeded');
  const { images } = await service.state();
  expect(images).toHaveLength(3);
  await service.stop({ keepData: true });

  // The cloud is not rewound, all else is.
  rmSync(path.join(backup, 'emulator'), { recursive: true, force: true });
  copy(path.join(lost, 'emulator'), path.join(backup, 'emulator'));
  rmSync(lost, { recursive: true });
  copy(backup, restored);
  service = await startService({ env, dataDir: restored });
  const calls = async (action: string) => (await service.calls(action)).length;
  const before = {
    imports: await calls('ImportImage'),
    copies: await calls('CopyImage'),
    parts: await calls('UploadPart'),
  };
  expect((await service.get(inAttention)).state).toBe('attention');
  await resume(inAttention);
  for (const id of [inUpload, inAttention]) {
    const view = await service.untilState(id, 'succeeded', 'failed');
    expect([view.state, view.image?.imageId]).toEqual([
      'succeeded',
      images.find(({ tags, regionId }) => tags[IMPORT_TAG_KEY] === id && regionId === REGION)?.imageId,
    ]);
  }
  expect(await calls('ImportImage')).toBe(before.imports);
  expect(await calls('UploadPart')).toBe(before.parts);
  expect((await service.state()).images).toHaveLength(3);
  await resume(unfinished);
  expect((await service.untilState(unfinished, 'succeeded', 'failed')).state).toBe('succeeded');
  expect((await service.state()).images).toHaveLength(4);
  expect((await service.request('POST', '/v1/orphans', {})).body.orphans).toEqual([]);
});
