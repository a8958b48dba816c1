/** The findings of an import whose disks are inspected concurrently, on a real PostgreSQL. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { judge } from '../../../activities/upload/late-inspection.js';
import type { Finding } from '../../../domain/import.js';
import type { DiskPlan } from '../../../domain/plan.js';
import { createImportStore, type ImportStore } from '../../../store/imports.js';
import { REQUEST } from '../../support/activities/distribution-cloud.js';
import { inspectionOf } from '../../support/activities/upload/inspections.js';
import { quietStep } from '../../support/activities/upload/quiet-step.js';
import { diskOf } from '../../support/activities/upload/upload-runner.js';
import { startTestDatabase, type TestDatabase } from '../../support/store/test-database.js';

const IMPORT = 'imp-1';
const STEP = quietStep({ importId: IMPORT, version: 5, phase: 'upload' });

let database: TestDatabase;
let store: ImportStore;

beforeAll(async () => {
  database = await startTestDatabase();
  store = createImportStore(database.pool);
});
afterAll(() => database?.close());
beforeEach(async () => {
  await database.pool.query('truncate ecs_image_import.imports cascade');
  await database.pool.query(
    `insert into ecs_image_import.imports (id, state, phase, version, request, progress, file_queue, request_digest)
     values ($1, 'running', 'upload', 4, '{}', '{}', '', '')`,
    [IMPORT],
  );
});

const finding = (code: string, disk?: number): Finding => ({
  ...{ code, severity: 'warning', message: code, evidence: '', remedy: '', source: 'inspection' },
  ...(disk === undefined ? {} : { disk }),
});
const codes = async () =>
  ((await store.get(IMPORT))?.findings ?? []).map(({ code, disk }) => `${disk ?? 'image'} ${code}`);
const request = { ...REQUEST, disks: Array.from({ length: 8 }, () => ({ source: 'https://example.com/disk.raw.gz' })) };

async function judgeDisk(number: number, ...found: readonly string[]): Promise<void> {
  const disk: DiskPlan = { ...diskOf(number, { kind: 'http', url: 'https://example.com/' }, 1), conversion: 'unknown' };
  const inspection = inspectionOf({ findings: found.map((code) => finding(code)) });
  await judge({ store }, STEP, request, disk, inspection);
}

describe('findings of one disk', () => {
  test('eight disks inspected concurrently → the findings of all eight', async () => {
    await Promise.all(request.disks.map((_, index) => judgeDisk(index + 1, 'GUESTOS.Dhcp', 'GUESTOS.Fstab')));
    expect(await codes()).toEqual(
      request.disks.flatMap((_, index) => [`${index + 1} GUESTOS.Dhcp`, `${index + 1} GUESTOS.Fstab`]),
    );
  });

  test('a later inspection of the disk → replaces its findings, keeps those of the upload and of other disks', async () => {
    const before = [finding('GUESTOS.Dhcp', 1), finding('ECSIMPORT.BootCheck', 1), finding('GUESTOS.Fstab', 2)];
    await store.replaceFindings(STEP, { source: 'inspection' }, [...before, finding('ECSIMPORT.Settings')]);
    await judgeDisk(1, 'GUESTOS.Grub', 'GUESTOS.Virtio');
    expect(await codes()).toEqual([
      ...['1 ECSIMPORT.BootCheck', '1 GUESTOS.Grub', '1 GUESTOS.Virtio', '2 GUESTOS.Fstab', 'image ECSIMPORT.Settings'],
    ]);
  });

  test('findings numbered across all disks, as earlier versions wrote them → also replaced', async () => {
    const before = [finding('GUESTOS.Dhcp', 1), finding('GUESTOS.Fstab', 2), finding('ECSIMPORT.Settings')];
    await database.pool.query(
      `insert into ecs_image_import.findings (import_id, source, ordinal, finding)
       select $1, 'inspection', ordinal, finding from jsonb_array_elements($2) with ordinality as given (finding, ordinal)`,
      [IMPORT, JSON.stringify(before)],
    );
    await judgeDisk(2, 'GUESTOS.Grub');
    await store.replaceFindings(STEP, { source: 'inspection', disk: null, codes: ['ECSIMPORT.Settings'] }, [
      finding('ECSIMPORT.Settings'),
    ]);
    expect(await codes()).toEqual(['1 GUESTOS.Dhcp', '2 GUESTOS.Grub', 'image ECSIMPORT.Settings']);
  });

  test('a write of an older version → ignored', async () => {
    await judgeDisk(1, 'GUESTOS.Dhcp');
    await store.replaceFindings({ ...STEP, version: 3 }, { source: 'inspection', disk: 1 }, []);
    expect(await codes()).toEqual(['1 GUESTOS.Dhcp']);
  });

  test('a finding that is written again → no second event', async () => {
    await judgeDisk(1, 'GUESTOS.Dhcp');
    await judgeDisk(1, 'GUESTOS.Grub', 'GUESTOS.Dhcp');
    const events = await store.events(IMPORT, 0);
    expect(events.map(({ message }) => message)).toEqual(['GUESTOS.Dhcp', 'GUESTOS.Grub']);
  });
});
