/** Crash tests of a whole import: its process crashes after each single change to the database or the cloud. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readState } from '../../emulator/state.js';
import { createImportStore } from '../../store/imports.js';
import { violations } from '../faults/judge.js';
import {
  ACTIVITIES,
  type ActivityName,
  type Crash,
  Importing,
  runScene,
  type Scene,
} from '../support/activities/two-imports.js';
import { acceptedWith } from '../support/domain/requests.js';
import type { EmulatorState } from '../support/e2e/service.js';
import { type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const succeeds = { outcome: 'succeeded', until: 'distribute', joins: 'first', meanwhile: false } as const;
const cancelled = { ...succeeds, outcome: 'cancelled', meanwhile: true } as const;
const SHARED: readonly ActivityName[] = ['upload', 'cleanUp'];

const SCENES: readonly Scene[] = [
  { ...succeeds, title: 'of the import that uploaded the object, while the other one waits', crashes: ACTIVITIES },
  {
    ...succeeds,
    title: 'of the import that uploaded the object, while the other one continues',
    meanwhile: true,
    crashes: SHARED,
  },
  {
    ...succeeds,
    title: 'of the import that joined the object, while the other one waits',
    joins: 'second',
    crashes: SHARED,
  },
  {
    ...{ ...succeeds, title: 'of the import that joined the object, while the other one continues' },
    ...{ joins: 'second', meanwhile: true, crashes: SHARED },
  },
  { ...cancelled, title: 'of an import cancelled in upload', until: 'upload', crashes: ['upload', 'cleanUp'] },
  {
    ...{ ...cancelled, title: 'of an import cancelled in upload, without another import' },
    ...{ until: 'upload', meanwhile: false, crashes: ['upload', 'cleanUp'] },
  },
  {
    ...cancelled,
    title: 'of an import cancelled in import',
    until: 'startImport',
    crashes: ['startImport', 'cleanUp'],
  },
  {
    ...cancelled,
    title: 'of an import cancelled after its image was finished',
    until: 'watchImport',
    crashes: ['cleanUp'],
  },
  {
    ...cancelled,
    title: 'of an import cancelled in distribution',
    until: 'distribute',
    crashes: ['distribute', 'cleanUp'],
  },
  { ...cancelled, title: 'of a failed import', outcome: 'failed', until: 'watchImport', crashes: ['cleanUp'] },
];

/** Concurrent imports. */
const CONCURRENCY = 8;
const FAILING = 'doomed';
const COPY_REGION = 'cn-beijing';

let database: TestDatabase;
let cloud: LocalCloud;
let image: string;
let imports = 0;

beforeAll(async () => {
  database = await startTestDatabase();
  cloud = await startCloud({
    ...{ importSeconds: 0.03, detectionSeconds: 0, copySeconds: 0.03, cancelSeconds: 0.01, concurrentCopies: 1_000 },
    failImports: [{ code: 'InvalidImageFormat.Malformed', message: 'The image is broken.', imageName: FAILING }],
  });
  image = path.join(cloud.folder, 'disk.raw');
  await writeFile(image, raw(250 * 1024));
});
afterAll(async () => {
  await cloud?.close();
  await database?.close();
});

interface Outcome {
  readonly last: string | null;
  readonly broken: readonly string[];
}

async function runWithCrash(scene: Scene, crash: Crash): Promise<Outcome> {
  imports += 1;
  const name = `crash-${imports}`;
  cloud.makeBucket(name);
  const surroundings = { pool: database.pool, address: cloud.address, host: name };
  const request = (imageName: string, more: object = {}) =>
    acceptedWith({
      ...{ region: REGION, imageName, roleName: name, osType: 'linux', ...more },
      disks: [{ source: `file://${image}`, format: 'RAW', diskImageSize: 5 }],
      upload: { bucket: name, prefix: 'imports/', convert: 'never' },
      inspection: { failOn: 'never' },
      detection: { failOn: 'never' },
    });
  const fails = scene.outcome === 'failed';
  const distribute = { regions: [COPY_REGION], shareWith: ['1000000000000002'] };
  const mine = new Importing(surroundings, request(fails ? `${FAILING}-${name}` : `${name}-mine`, { distribute }));
  const other = new Importing(surroundings, request(`${name}-other`));
  try {
    await runScene(scene, crash, mine, other);
  } catch (error) {
    return { last: mine.last, broken: [String(error)] };
  }
  const broken = [
    ...(await judge(mine, scene.outcome)),
    ...(await judge(other, 'succeeded')).map((line) => `the other one: ${line}`),
    ...(await remainingIn(name)),
  ];
  return { last: mine.last, broken };
}

async function judge({ id }: Importing, expected: string): Promise<readonly string[]> {
  const store = createImportStore(database.pool);
  const view = await store.get(id);
  if (view === null) return ['has no record'];
  const events = await store.events(id, 0);
  const broken = violations({ view, cloud: readState(cloud.world) as EmulatorState, events, stops: 0 });
  return view.state === expected ? broken : [...broken, `ended ${view.state}, not ${expected}`];
}

/** Resources of the import that remain in the database or the cloud. */
async function remainingIn(bucket: string): Promise<readonly string[]> {
  const here = (one: { readonly bucket: string }) => one.bucket === bucket;
  const { rows } = await database.pool.query<{ key: string }>(
    'select key from ecs_image_import.uploads where bucket = $1',
    [bucket],
  );
  return [
    ...[...cloud.world.objects.values()].filter(here).map(({ key }) => `object ${key} is in the bucket`),
    ...[...cloud.world.uploads.values()].filter(here).map(({ key }) => `upload of ${key} is in the bucket`),
    ...rows.map(({ key }) => `the database still has the object ${key}`),
  ];
}

test('a process that crashes after any of its changes → one image in each region, and no other resources', async () => {
  const jobs = SCENES.flatMap((scene) => scene.crashes.map((activity) => ({ scene, activity })));
  const violations: string[] = [];
  let crashes = 0;
  const runScenes = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { scene, activity } = job;
      for (let calls = 1; ; calls++) {
        const { last, broken } = await runWithCrash(scene, { activity, calls });
        violations.push(
          ...broken.map((line) => `${activity} ${scene.title}, crashed after ${last ?? 'none'}: ${line}`),
        );
        if (last === null) break;
        crashes += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, runScenes));
  expect(violations).toEqual([]);
  // Proves that the processes actually crashed.
  expect(crashes).toBeGreaterThan(150);
}, 300_000);
