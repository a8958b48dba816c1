/** Disks whose content is in the bucket already, as that of another import. */
import { utimesSync } from 'node:fs';
import { link, open, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskPlan } from '../../../domain/plan.js';
import { SEGMENT_BYTES } from '../../../images/stream/layout.js';
import {
  changed,
  contentWith,
  DATA_BYTES,
  dataAt,
  mismatch,
  openSentDisks,
  RANGES,
  type SentDisks,
  SIZE,
  sha256Of,
} from '../../support/activities/upload/sent-disks.js';
import { sharedRecord } from '../../support/activities/upload/upload-runner.js';

let disks: SentDisks;

beforeEach(async () => {
  disks = await openSentDisks();
});

afterEach(async () => {
  await disks.close();
});

describe('a disk whose content is in the bucket', () => {
  const sent = async (first: DiskPlan, shared = sharedRecord()) => {
    await disks.worker({ shared }).upload([{ plan: first }]);
    disks.bucket.requests.length = 0;
    return shared;
  };

  test('as that of another file → nothing is sent, and the object is used', async () => {
    const shared = await sent(await disks.rawFile('one.raw'));
    const result = await disks.worker({ shared, importId: 'imp-2' }).upload([{ plan: await disks.rawFile('two.raw') }]);
    expect(result.disks[0]?.key).toBe([...disks.bucket.objects.keys()][0]);
    expect(disks.partsSent()).toEqual([]);
    expect(disks.bucket.objects.size).toBe(1);
  });

  test('as that of a sparse copy → nothing is sent', async () => {
    const content = contentWith();
    const sparse = await open(join(disks.folder, 'sparse.raw'), 'w');
    for (const range of RANGES) await sparse.write(content, dataAt(range), DATA_BYTES, dataAt(range));
    await sparse.truncate(SIZE);
    await sparse.close();
    const shared = await sent(await disks.planOf(join(disks.folder, 'sparse.raw')));
    await disks.worker({ shared, importId: 'imp-2' }).upload([{ plan: await disks.rawFile('full.raw', content) }]);
    expect(disks.partsSent()).toEqual([]);
  });

  test('as that of an image in another format → nothing is sent', async () => {
    const content = contentWith().subarray(0, SEGMENT_BYTES);
    const shared = await sent(
      await disks.planOf(await disks.qcow2File(), { format: 'QCOW2', virtualSize: SEGMENT_BYTES }),
    );
    await writeFile(join(disks.folder, 'disk.raw'), content);
    const plan = await disks.planOf(join(disks.folder, 'disk.raw'), { virtualSize: SEGMENT_BYTES });
    await disks.worker({ shared, importId: 'imp-2' }).upload([{ plan }]);
    expect(disks.partsSent()).toEqual([]);
  });

  test.each([
    ['only at its end', 1],
    ['only at its beginning', 0],
  ])('but that differs %s → sent as a whole', async (_name, changedRange) => {
    const shared = await sent(await disks.rawFile('one.raw'));
    const other = contentWith((range) => (range === changedRange ? 'other ' : `range ${range} `));
    const plan = await disks.rawFile('two.raw', other);
    await disks.worker({ shared, importId: 'imp-2' }).upload([{ plan }]);
    expect(disks.bucket.objects.size).toBe(2);
    expect(disks.dataPartsSent().sort()).toEqual([2, 3]);
    disks.expectDisk(other);
  });

  test('and which was found by comparing → the next import of the file reads nothing', async () => {
    const shared = await sent(await disks.rawFile('one.raw'));
    const plan = await disks.rawFile('two.raw');
    await disks.worker({ shared, importId: 'imp-2' }).upload([{ plan }]);
    const read: number[] = [];
    await disks.worker({ shared, importId: 'imp-3', onSegment: (offset) => read.push(offset) }).upload([{ plan }]);
    expect(read).toEqual([]);
    expect(disks.partsSent()).toEqual([]);
  });

  test('and the object is released while the file is compared → sent', async () => {
    const shared = await sent(await disks.rawFile('one.raw'));
    shared.contents.use = async () => false;
    await disks.worker({ shared, importId: 'imp-2' }).upload([{ plan: await disks.rawFile('two.raw') }]);
    expect(disks.bucket.objects.size).toBe(2);
  });

  test('and the file is changed while it is compared → Source.Changed, nothing is used', async () => {
    const shared = await sent(await disks.rawFile('one.raw'));
    const plan = await disks.rawFile('two.raw');
    const path = plan.source.path ?? '';
    const onSegment = (offset: number) => {
      if (offset === SEGMENT_BYTES) utimesSync(path, 1, 1);
    };
    await expect(disks.worker({ shared, importId: 'imp-2', onSegment }).upload([{ plan }])).rejects.toMatchObject(
      changed,
    );
  });

  test('under the digest of the request → the file is read for it, and nothing is sent', async () => {
    const content = contentWith();
    const shared = sharedRecord();
    const sha256 = sha256Of(content);
    await disks.worker({ shared }).upload([{ plan: await disks.rawFile('one.raw', content), sha256 }]);
    disks.bucket.requests.length = 0;
    const read: number[] = [];
    const second = disks.worker({ shared, importId: 'imp-2', onSegment: (offset) => read.push(offset) });
    await second.upload([{ plan: await disks.rawFile('two.raw', content), sha256 }]);
    expect([read, disks.partsSent(), disks.bucket.objects.size]).toEqual([[], [], 1]);
    const other = await disks.rawFile(
      'three.raw',
      contentWith(() => 'other '),
    );
    const wrong = disks.worker({ shared, importId: 'imp-3' }).upload([{ plan: other, sha256 }]);
    await expect(wrong).rejects.toMatchObject(mismatch);
    expect(disks.partsSent()).toEqual([]);
  });

  test('in a CloudBox, whose bucket may have the name of one in the region → both are sent', async () => {
    const content = contentWith();
    const shared = sharedRecord();
    const inBox = { storageLocationArn: 'acs:ens::123:cloudbox/cb-1' };
    const sha256 = sha256Of(content);
    await disks.worker({ shared }).upload([{ plan: await disks.rawFile('one.raw', content), sha256 }], inBox);
    await disks
      .worker({ shared, importId: 'imp-2' })
      .upload([{ plan: await disks.rawFile('two.raw', content), sha256 }]);
    expect(disks.bucket.objects.size).toBe(2);
  });

  test('through a hard link, which changes the change time → compared, and nothing is sent', async () => {
    const first = await disks.rawFile('one.raw');
    const shared = await sent(first);
    await link(join(disks.folder, 'one.raw'), join(disks.folder, 'link.raw'));
    await disks
      .worker({ shared, importId: 'imp-2' })
      .upload([{ plan: await disks.planOf(join(disks.folder, 'link.raw')) }]);
    expect(disks.partsSent()).toEqual([]);
  });

  test('as before its modification time was set back over other bytes → those are sent', async () => {
    const plan = await disks.rawFile('one.raw');
    const shared = await sent(plan);
    const path = join(disks.folder, 'one.raw');
    const before = new Date(1_600_000_000_000);
    const other = contentWith((range) => `other ${range} `);
    await writeFile(path, other);
    await utimes(path, before, before);
    await disks.worker({ shared, importId: 'imp-2' }).upload([{ plan: await disks.planOf(path) }]);
    expect(disks.bucket.objects.size).toBe(2);
    disks.expectDisk(other);
  });
});
