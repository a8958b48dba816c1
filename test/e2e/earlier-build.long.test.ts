/** An earlier build and today's run side by side, on today's schema. It is compiled from git, once for each user. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startExtraWorker } from '../support/e2e/extra-worker.js';
import { type Service, startService } from '../support/e2e/service.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** The commit that added this file changed the commands of the workflows; the one before it is the earlier build. */
const CHANGE = 'workflows/shown.ts';

const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

/** Compiles the commit once for this user. Resolves to its `main.js`. */
function earlierBuild(): string {
  const added = git('log', '--diff-filter=A', '--format=%H', '--', CHANGE).split('\n').at(-1);
  if (!added)
    throw new Error(`git has no commit that added ${CHANGE}: fetch the whole history (git fetch --unshallow)`);
  const commit = git('rev-parse', `${added}^`);
  const folder = path.join(homedir(), '.cache', 'ecs-image-import', 'builds', commit);
  const main = path.join(folder, 'dist', 'cli', 'main.js');
  if (existsSync(main)) return main;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  execFileSync('/bin/sh', ['-c', `git archive ${commit} | tar --extract --directory "$0"`, draft], { cwd: ROOT });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(draft, 'node_modules'));
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: draft, stdio: ['ignore', 'ignore', 'inherit'] });
  renameSync(draft, folder);
  return main;
}

const ACTIVE = { ECS_IMPORT_POLL_FIRST_MS: '100', ECS_IMPORT_POLL_MAX_MS: '500' };

let service: Service;
let main: string;

beforeAll(async () => {
  main = earlierBuild();
  service = await startService();
  await service.learnNoLimits();
  await service.settings({ importSeconds: 1, detectionSeconds: 0.2 });
});
afterAll(() => service?.stop());

test('on today’s schema, while workers of both end and start → every import ends with one image', async () => {
  const early = await startExtraWorker(service, ACTIVE, main);
  const ids = await Promise.all(Array.from({ length: 6 }, () => service.start()));
  await Promise.all(ids.slice(0, 3).map((id) => service.until(id, ({ image }) => image !== null)));
  await early.end();
  const again = await startExtraWorker(service, ACTIVE, main);
  await service.kill('worker');
  const more = await Promise.all(Array.from({ length: 3 }, () => service.start()));
  for (const id of [...ids, ...more])
    expect((await service.untilState(id, 'succeeded', 'failed')).state).toBe('succeeded');
  expect((await service.state()).images).toHaveLength(9);
  await again.end();
});
