/** The production topology of docs/production.md: its access control, and imports while processes and servers are replaced. */
import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { makeImages } from '../../bench/batch/images.js';
import { BUCKET, REGION, type RequestOptions, type Site, startSite } from '../support/production/site.js';

const execute = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');
const MAIN = path.join(ROOT, 'dist/cli/main.js');
const IMPORTS = 50;
/** Imports run for longer than the restart of a process. */
const IMPORT_SECONDS = 3;
/** Twelve processes start in it: a busy machine needs minutes. */
const HANGS_AFTER_MS = 900_000;
const NEXT_VERSION = '0.99.0';

const packageSchema = z.looseObject({ files: z.array(z.string()) });
const viewSchema = z.object({
  id: z.string(),
  state: z.string(),
  image: z.object({ imageId: z.string().nullable() }).nullable(),
});
const pageSchema = z.object({ imports: z.array(viewSchema), nextCursor: z.string().nullable() });

let site: Site;

beforeAll(async () => {
  site = await startSite();
  const cheap = { signature: 'off', etag: 'fast', quotaImages: 1_000 };
  await site.emulator('settings', { ...cheap, importSeconds: IMPORT_SECONDS, detectionSeconds: 0.2 });
});
afterAll(() => site?.close());

/** Sends a request to the APIs in turn until one answers, as a client behind a load balancer does. */
async function ask(method: string, route: string, options: RequestOptions = {}) {
  for (let tries = 0; ; tries++) {
    const answer = await site.request(tries % 2, method, route, options).catch(() => null);
    if (answer !== null && answer.status < 500) return answer;
    if (tries > 500) throw new Error(`${method} ${route}: ${JSON.stringify(answer)}`);
    await sleep(200);
  }
}

test('a client without a key, a certificate or TLS → refused by each server', async () => {
  const { status } = await site.request(0, 'GET', '/v1/imports', { token: null });
  expect(status).toBe(401);

  const withoutCertificate = { address: site.env.TEMPORAL_ADDRESS ?? '', tls: true, connectTimeout: 2_000 };
  await expect(Connection.connect(withoutCertificate)).rejects.toThrow();

  const password = (await readFile(site.env.DATABASE_PASSWORD_FILE ?? '', 'utf8')).trim();
  const login = {
    host: '127.0.0.1',
    port: site.postgres.port,
    user: 'ecs_app',
    password,
    database: 'ecs_image_import',
  };
  await expect(new pg.Client(login).connect()).rejects.toThrow(/no encryption/);
  const app = new pg.Client({ ...login, ssl: { ca: site.ca } });
  await app.connect();
  try {
    await expect(app.query('delete from ecs_image_import.audit')).rejects.toThrow(/permission denied/);
  } finally {
    await app.end();
  }
});

test('the first admin key → creates a key over TLS, which may do what its role allows', async () => {
  const create = [MAIN, 'keys', 'create', '--role', 'viewer', '--name', 'monitoring'];
  const { stdout } = await execute(process.execPath, create, { env: { ...process.env, ...site.cliEnv } });
  const token = stdout.trim();
  expect(await site.request(1, 'GET', '/v1/imports', { token })).toMatchObject({ status: 200 });
  expect(await site.request(1, 'POST', '/v1/imports', { token, body: {} })).toMatchObject({ status: 403 });
});

test(
  '50 imports run through a rolling restart, an upgrade and a failover of PostgreSQL → 50 images, none twice',
  async () => {
    const sources = await makeImages(path.join(site.folder, 'images'), IMPORTS);
    let accepted = 0;
    const sendUntil = async (count: number) => {
      for (; accepted < count; accepted++) {
        const request = {
          ...{ region: REGION, imageName: `image-${accepted}`, disks: [{ source: sources[accepted] }] },
          ...{ upload: { bucket: BUCKET, prefix: 'imports/' }, detection: { failOn: 'never' } },
        };
        const { status, body } = await ask('POST', '/v1/imports', { body: request, key: `request-${accepted}` });
        expect(status, JSON.stringify(body)).toBe(202);
      }
    };
    await Promise.all([sendUntil(20), site.roll()]);
    const next = await nextRelease();
    await site.migrate(next);
    await Promise.all([sendUntil(35), site.roll(next)]);
    const { stdout } = await execute(process.execPath, [next, '--version']);
    expect(stdout.trim()).toBe(NEXT_VERSION);
    await sendUntil(IMPORTS);
    await site.postgres.failOver();

    const ended = await untilEnded();
    expect(ended.filter(({ state }) => state !== 'succeeded')).toEqual([]);
    const { images, tasks, objects, uploads } = await site.state();
    const names = Array.from({ length: IMPORTS }, (_, index) => `image-${index}`);
    expect(images.map(({ imageName }) => imageName).sort()).toEqual(names.sort());
    expect(tasks).toHaveLength(IMPORTS);
    expect(ended.map(({ image }) => image?.imageId).sort()).toEqual(images.map(({ imageId }) => imageId).sort());
    expect({ objects, uploads }).toEqual({ objects: [], uploads: [] });
  },
  HANGS_AFTER_MS,
);

/** All imports, when none of them continues without an action. */
async function untilEnded() {
  for (;;) {
    const { status, body } = await ask('GET', `/v1/imports?limit=${IMPORTS}&fields=state,image`);
    expect(status, JSON.stringify(body)).toBe(200);
    const { imports } = pageSchema.parse(body);
    expect(imports).toHaveLength(IMPORTS);
    if (!imports.some(({ state }) => state === 'running')) return imports;
    await sleep(500);
  }
}

/** This build as the next release: the same code with a higher version, in a folder of its own. */
async function nextRelease(): Promise<string> {
  const folder = path.join(site.folder, 'next');
  const about = packageSchema.parse(JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')));
  for (const name of about.files.filter((one) => !one.startsWith('!'))) {
    await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ ...about, version: NEXT_VERSION }));
  return path.join(folder, 'dist/cli/main.js');
}
