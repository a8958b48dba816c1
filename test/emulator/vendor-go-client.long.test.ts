import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalCloud, startCloud } from '../support/emulator/local-cloud.js';
import { INSTALL_MS, run } from '../support/python.js';

const CLIENTS = path.join(import.meta.dirname, 'vendor-clients');
/** Go modules of the tests, separate from the user's, and kept between runs. */
const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache/vendor-clients');
const KEY = "images/a b+c'(ü)*.raw";
const RUN_MS = 60_000;

let cloud: LocalCloud;
let folder: string;
let image: string;

beforeAll(async () => {
  mkdirSync(CACHE, { recursive: true });
  folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-test-'));
  image = path.join(folder, 'disk.raw');
  writeFileSync(image, Buffer.from(Array.from({ length: 1_048_576 + 512 }, (_, at) => (at * 31) % 251)));
  cloud = await startCloud({ importSeconds: 0.2, unknownImageDeletion: 'refused' });
  cloud.makeRole();
});

afterAll(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

async function goProgram(): Promise<string> {
  const source = path.join(CLIENTS, 'go');
  const draft = path.join(folder, 'go-client');
  const env = { GOMODCACHE: path.join(CACHE, 'go-modules'), GOFLAGS: '-modcacherw -buildvcs=false', GOWORK: 'off' };
  await run('go', ['build', '-C', source, '-o', draft, '.'], {
    timeoutMs: INSTALL_MS,
    env: { ...env, GOTOOLCHAIN: 'local' },
  });
  const program = path.join(CACHE, 'go-client');
  renameSync(draft, program);
  return program;
}

const port = () => String(cloud.address.split(':')[1]);

describe('The vendor’s Go client of OSS', () => {
  let program: string;
  beforeAll(async () => {
    program = await goProgram();
  }, INSTALL_MS);

  test.each(['v1', 'v4'])(
    'uploads in parts, downloads, lists, presigns and deletes (signature %s)',
    async (signature) => {
      const output = await run(program, [port(), signature, image], { timeoutMs: RUN_MS });
      expect(JSON.parse(output)).toEqual({
        ...{ sameBytes: true, sameByUrl: true, exists: [true, false], listed: [KEY], deleted: KEY },
        noKey: 'NoSuchKey 0026-00000001',
        wrongSecret: expect.stringMatching(/^SignatureDoesNotMatch 0002-\d{8}$/),
        notEmpty: expect.stringMatching(/^BucketNotEmpty/),
      });
    },
  );
});
