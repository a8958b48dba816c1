/** The vendor's Python clients of ECS, the current and the older version, installed from the package registry. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalCloud, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

const run = promisify(execFile);
const environment = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-python-'));
const python = path.join(environment, 'bin', 'python');

let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await startReadyCloud(raw());
  // Requires python3 with venv; scripts/test-tools.sh installs both.
  await run('python3', ['-m', 'venv', environment]);
  const packages = ['alibabacloud_ecs20140526==7.11.8', 'aliyun-python-sdk-ecs==4.24.83'];
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
});

afterAll(async () => {
  await cloud.close();
  rmSync(environment, { recursive: true, force: true });
});

test("the vendor's current and older Python clients work with the emulator unmodified", async () => {
  const { stdout } = await run(python, [
    path.join(import.meta.dirname, 'vendor-clients', 'python', 'ecs_clients.py'),
    cloud.address,
  ]);
  expect(JSON.parse(stdout)).toEqual({
    current: {
      sameAnswer: true,
      taskStatus: 'Processing',
      image: ['current-01', "a b+c&d=e/ü*'()!~中", 12],
      disks: 12,
      errorCode: 'InvalidTaskId.IncorrectTaskStatus',
    },
    older: {
      image: [1, "a b+c&d=e/ü*'()!~中"],
      error: [400, 'InvalidTaskId.NotFound'],
      wrongSecret: [400, 'InvalidAccessKeySecret'],
    },
  });
});
