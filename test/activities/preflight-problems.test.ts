/** All problems of a request and its images in one failure: each problem once, with one remedy. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { combined } from '../../activities/combined-problems.js';
import type { Failure } from '../../domain/errors/failure.js';
import { fail } from '../../domain/errors/index.js';
import { runPreflight } from '../support/activities/preflight-runner.js';
import { acceptedWith } from '../support/domain/requests.js';
import { BUCKET, type LocalCloud, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

let cloud: LocalCloud;
let text: string;

beforeAll(async () => {
  cloud = await startReadyCloud(raw());
  text = path.join(cloud.folder, 'notes.qcow2');
  await writeFile(text, 'this is a text file\n'.repeat(100));
});
afterAll(() => cloud?.close());

const preflight = (changes: object) =>
  runPreflight(cloud, acceptedWith({ imageName: 'web-02', upload: { bucket: BUCKET }, ...changes }));
const disks = (count: number, more: object = {}) =>
  Array.from({ length: count }, () => ({ source: `file://${text}`, ...more }));

const NOT_A_DISK = /The file is not a disk image: it has no known container format/g;
const count = (all: RegExp, { message }: { readonly message?: string }) => message?.match(all)?.length;

describe('a source that is not a disk image', () => {
  test.each([
    ['one disk', 1, {}, 'InvalidImageFormat.Malformed'],
    ['17 disks', 17, {}, 'InvalidImageFormat.Malformed'],
    ['17 disks that are given as RAW', 17, { format: 'RAW' }, 'ECSIMPORT.Format'],
  ])('%s → the problem and its remedy once', async (_, number, more, code) => {
    const failure = await preflight({ disks: disks(number, more) });
    expect(failure).toMatchObject({
      code,
      remedy: expect.stringMatching(/^Check that the source is the intended file\./),
    });
    expect(count(NOT_A_DISK, failure as Failure)).toBe(1);
    expect((failure as Failure).message.endsWith('the same for disks 2 to 17')).toBe(number > 1);
    expect((failure as Failure).message).not.toContain(code);
  });

  test('--force is offered only where it has an effect', async () => {
    expect(await preflight({ disks: disks(1) })).not.toMatchObject({ remedy: expect.stringContaining('--force') });
    expect(await preflight({ disks: disks(1, { format: 'RAW' }) })).toMatchObject({
      remedy: expect.stringMatching(/--force\)\.$/),
    });
  });

  test('with other problems → each with its code, message and remedy', async () => {
    const failure = await preflight({ disks: disks(2), region: 'cn-atlantis' });
    expect(failure).toMatchObject({
      code: 'InvalidImageFormat.Malformed',
      message: expect.stringMatching(
        /^2 problems: \(1\) disk 1: .*; the same for disk 2 \(2\) InvalidRegionId\.NotFound: region cn-atlantis does not exist/,
      ),
      remedy: expect.stringMatching(/^\(1\) Check that .* \(2\) Set region to one /),
    });
  });
});

describe('combined problems', () => {
  const request = acceptedWith({ disks: disksOf(3) });
  const at = { importId: 'imp-1', phase: 'preflight', request } as const;
  const failure = (code: Parameters<typeof fail>[0], message: string, field: string) =>
    fail(code, message, { field }).failure;

  test('of one code → the code is not repeated', () => {
    const { message, code } = combined(
      [
        {
          ...failure('Request.ContradictsImage', 'architecture is arm64', 'architecture'),
          remedy: 'Omit architecture.',
        },
        { ...failure('Request.ContradictsImage', 'bootMode is UEFI', 'bootMode'), remedy: 'Omit bootMode.' },
      ],
      at,
    ).failure;
    expect(`${code}: ${message}`).toBe(
      'Request.ContradictsImage: 2 problems: (1) architecture is arm64 (2) bootMode is UEFI',
    );
  });

  test('of several codes → the others are named once; equal remedies are listed once', () => {
    const { message, remedy } = combined(
      [
        { ...failure('Source.Empty', 'disks[1].source is empty', 'disks[1].source') },
        { ...failure('Source.Empty', 'disks[2].source is empty', 'disks[2].source') },
        { ...failure('NoSuchBucket', 'bucket lost does not exist', 'upload.bucket') },
        { ...failure('NoSuchBucket', 'bucket gone does not exist', 'upload.bucket') },
      ],
      at,
    ).failure;
    expect(message).toBe(
      '2 problems: (1) disks[1].source is empty; the same for disk 3 (2) NoSuchBucket: bucket lost does not exist; bucket gone does not exist',
    );
    expect(remedy).toBe(
      '(1) Copy or export the image again. (2) Check its name and region with ossutil stat oss://my-bucket, or create it: ossutil mb oss://my-bucket --region cn-hangzhou.',
    );
  });

  test('of many disks with different messages → three examples and the number of the others', () => {
    const problems = Array.from({ length: 17 }, (_, index) =>
      failure('Source.NotFound', `file /d${index} does not exist`, `disks[${index}].source`),
    );
    const { message } = combined(problems, at).failure;
    expect(message).toBe(
      'disk 1: file /d0 does not exist; disk 2: file /d1 does not exist; disk 3: file /d2 does not exist; and 14 more',
    );
  });
});

function disksOf(number: number): readonly object[] {
  return Array.from({ length: number }, (_, index) => ({ source: `file:///images/${index}.qcow2` }));
}

test('an image that is not uploaded, with the image quota used up → QuotaExceed.Image, unless Quota Center refuses to tell', async () => {
  const file = path.join(cloud.folder, 'disk.raw');
  await writeFile(file, raw());
  cloud.world.changeSettings({ quotaImages: 0 });
  try {
    const changes = { disks: [{ source: `file://${file}`, format: 'RAW', diskImageSize: 5 }], osType: 'linux' };
    expect(await preflight({ ...changes, dryRun: true })).toMatchObject({
      code: 'QuotaExceed.Image',
      class: 'attention',
    });
    expect(await preflight(changes)).toMatchObject({
      ...{ code: 'QuotaExceed.Image', class: 'attention' },
      message: 'cn-hangzhou has 0 custom images of a quota of 0',
    });
    await fetch(`http://${cloud.address}/_emulator/faults`, {
      method: 'POST',
      body: JSON.stringify({
        service: 'quotas',
        action: '*',
        kind: 'http',
        status: 403,
        code: 'Forbidden.RAM',
        message: 'no',
      }),
    });
    // ImportImage finds out.
    expect(await preflight(changes)).not.toHaveProperty('code');
  } finally {
    cloud.world.changeSettings({ quotaImages: 100 });
  }
});
