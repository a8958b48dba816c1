/** Clients that nobody here wrote: the vendor's for Python, of both generations, installed from its registry. */
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
  // Needs python3 with venv , which scripts/test-tools.sh gets.
  await run('python3', ['-m', 'venv', environment]);
  const packages = ['alibabacloud_ecs20140526==7.11.8', 'aliyun-python-sdk-ecs==4.24.83'];
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
});

afterAll(async () => {
  await cloud.close();
  rmSync(environment, { recursive: true, force: true });
});

test("the vendor's Python clients, the current and the older, work against the emulator unmodified", async () => {
  const { stdout } = await run(python, [path.join(import.meta.dirname, 'python-clients.py'), cloud.address]);
  expect(JSON.parse(stdout)).toEqual({
    current: {
      sameAnswer: true,
      taskStatus: 'Processing',
      image: ['current-01', "a b+c&d=e/ü*'()!~中", 12],
      disks: 12,
      refused: 'InvalidTaskId.IncorrectTaskStatus',
    },
    older: {
      image: [1, "a b+c&d=e/ü*'()!~中"],
      refused: [400, 'InvalidTaskId.NotFound'],
      wrongSecret: [400, 'InvalidAccessKeySecret'],
    },
  });
});
