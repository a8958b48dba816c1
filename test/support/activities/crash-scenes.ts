/** Crashes in a whole import: its process ends after a single change to the database or the cloud, and another one continues. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readState } from '../../../emulator/state.js';
import { createImportStore } from '../../../store/imports.js';
import { violations } from '../../faults/judge.js';
import { acceptedWith } from '../domain/requests.js';
import type { EmulatorState } from '../e2e/service.js';
import { type LocalCloud, REGION, startCloud } from '../emulator/local-cloud.js';
import { raw } from '../emulator/made-disks.js';
import { startTestDatabase, type TestDatabase } from '../store/test-database.js';
import { ACTIVITIES, type ActivityName, type Crash, Importing, runScene, type Scene } from './two-imports.js';

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

interface World {
  readonly database: TestDatabase;
  readonly cloud: LocalCloud;
  /** A local file. */
  readonly image: string;
}

async function inWorld<T>(use: (world: World) => Promise<T>): Promise<T> {
  const database = await startTestDatabase();
  const cloud = await startCloud({
    ...{ importSeconds: 0.03, detectionSeconds: 0, copySeconds: 0.03, cancelSeconds: 0.01, concurrentCopies: 1_000 },
    failImports: [{ code: 'InvalidImageFormat.Malformed', message: 'The image is broken.', imageName: FAILING }],
  });
  try {
    const image = path.join(cloud.folder, 'disk.raw');
    await writeFile(image, raw(250 * 1024));
    return await use({ database, cloud, image });
  } finally {
    await cloud.close();
    await database.close();
  }
}

interface Outcome {
  readonly last: string | null;
  readonly broken: readonly string[];
}

async function runWithCrash(
  { database, cloud, image }: World,
  name: string,
  scene: Scene,
  crash: Crash,
): Promise<Outcome> {
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
    ...(await judge(database, cloud, mine, scene.outcome)),
    ...(await judge(database, cloud, other, 'succeeded')).map((line) => `the other one: ${line}`),
    ...(await remainingIn(database, cloud, name)),
  ];
  return { last: mine.last, broken };
}

async function judge(
  database: TestDatabase,
  cloud: LocalCloud,
  { id }: Importing,
  expected: string,
): Promise<readonly string[]> {
  const store = createImportStore(database.pool);
  const view = await store.get(id);
  if (view === null) return ['has no record'];
  const events = await store.events(id, 0);
  const broken = violations({ view, cloud: readState(cloud.world) as EmulatorState, events, stops: 0 });
  return view.state === expected ? broken : [...broken, `ended ${view.state}, not ${expected}`];
}

/** Resources of the import that remain in the database or the cloud. */
async function remainingIn(database: TestDatabase, cloud: LocalCloud, bucket: string): Promise<readonly string[]> {
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

/**
 * Runs the scenes with a crash after every nth change of each of their activities.
 * @param every 1: after each change
 * @param from the first change, from 1 to `every`
 */
export async function crashAfterChanges(every: number, from: number) {
  const jobs = SCENES.flatMap((scene) => scene.crashes.map((activity) => ({ scene, activity })));
  const violations: string[] = [];
  let crashes = 0;
  await inWorld(async (world) => {
    let imports = 0;
    const runScenes = async () => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
        const { scene, activity } = job;
        for (let calls = from; ; calls += every) {
          imports += 1;
          const { last, broken } = await runWithCrash(world, `crash-${imports}`, scene, { activity, calls });
          violations.push(
            ...broken.map((line) => `${activity} ${scene.title}, crashed after ${last ?? 'none'}: ${line}`),
          );
          if (last === null) break;
          crashes += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, runScenes));
  });
  return { violations, crashes };
}
