import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalCloud, startCloud } from '../support/emulator/local-cloud.js';
import { INSTALL_MS, pythonPrograms, run } from '../support/python.js';

const CLIENTS = path.join(import.meta.dirname, 'vendor-clients');
const KEY = "images/a b+c'(ü)*.raw";
const RUN_MS = 60_000;

let cloud: LocalCloud;
let folder: string;
let image: string;

beforeAll(async () => {
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

const port = () => String(cloud.address.split(':')[1]);

describe('The vendor’s Python clients', () => {
  let interpreter: string;
  beforeAll(async () => {
    interpreter = path.join(await pythonPrograms(path.join(CLIENTS, 'python', 'requirements.txt')), 'python');
  }, INSTALL_MS);

  test.each(['v1', 'v4'])('upload, import and delete an image (OSS signature %s)', async (signature) => {
    const script = path.join(CLIENTS, 'python', 'import_image.py');
    const output = await run(interpreter, [script, port(), signature, image], { timeoutMs: RUN_MS });
    expect(JSON.parse(output)).toEqual({
      ...{ info: 'oss-cn-hangzhou', listed: [KEY], status: 200 },
      ...{ sameBytes: true, sameRange: true, sameByUrl: true },
      ...{ noKey: 'NoSuchKey', wrongSecret: 'SignatureDoesNotMatch' },
      sameImageForSameToken: true,
      image: { status: 'Available', tags: [{ TagKey: 'from', TagValue: 'python & ü' }] },
      task: ['Finished', '100%'],
      deletedTwice: 'InvalidImageId.NotFound',
      ecsUnknownKey: 'InvalidAccessKeyId.NotFound',
    });
  });
});
