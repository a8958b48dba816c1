/** How a disk is sent: what needs a program of the host, and what an object in OSS must be, because nothing can be left out of it. */
import { describe, expect, test } from 'vitest';
import { inspectRequest } from '../../../cli/inspect-request.js';
import { decideConversion } from '../../../images/convert/decision.js';
import { decideDisk } from '../../../images/verdict/disk-decision.js';
import { inspectionOf } from '../../support/activities/upload/inspections.js';

const programs = { qemuImg: async () => null, decompressor: async () => false };
const contains = { name: 'the VHD', format: 'VHD', offset: 0, size: 1024 ** 3, sparse: false } as const;

async function decide(size: number, changes: Parameters<typeof inspectionOf>[0], options = {}) {
  const request = await inspectRequest('/disk', options);
  const object = { bucket: 'images', key: 'disk' };
  const source = { name: 'oss://images/disk', place: { kind: 'object', ...object }, object };
  const facts = { size, version: 'one', versionIsExact: true, file: null, refusal: null };
  return await decideDisk(request, 1, { source, facts, inspection: inspectionOf(changes) }, programs);
}

describe('a compressed image on a worker without its program → action required, with the package', () => {
  test.each([
    ['XZ', 'xz-utils (xz)'],
    ['ZSTD', 'zstd'],
    ['GZIP', 'gzip'],
  ] as const)('%s', async (format, name) => {
    const decision = decideConversion(inspectionOf({ format, subformat: 'RAW' }), { convert: 'auto' }, programs);
    await expect(decision).rejects.toMatchObject({
      failure: { code: 'Convert.NoUnpacker', class: 'attention', message: expect.stringContaining(name) },
    });
  });
});

describe('an object with other bytes than its disk → refused before the import, with what to do', () => {
  test.each([
    ['a raw disk and 100 bytes', 1024 ** 3 + 100, {}, {}],
    ['a raw disk that ends within a sector', 1024 ** 3 - 100, {}, {}],
    ['a VHD and 700 bytes', 1024 ** 3 + 700, { format: 'VHD', contains }, {}],
    ['unknown content that the request calls RAW', 1000, { format: 'UNKNOWN', virtualSize: null }, { format: 'RAW' }],
  ] as const)('%s', async (_name, size, changes, options) => {
    await expect(decide(size, changes, options)).rejects.toMatchObject({
      failure: {
        ...{ code: 'Source.NotOnlyDisk', class: 'request', field: 'disks[0].source' },
        message: expect.stringContaining(`oss://images/disk has ${size} bytes`),
      },
    });
  });

  test('with inspection.failOn never → imported', async () => {
    expect(await decide(1024 ** 3 + 100, {}, { force: true })).toMatchObject({ conversion: 'as-is' });
  });

  test.each([
    ['a raw disk of whole sectors', 1024 ** 3, {}],
    ['a QCOW2, which may end within a sector', 1000, { format: 'QCOW2' }],
  ] as const)('%s → imported', async (_name, size, changes) => {
    expect(await decide(size, changes)).toMatchObject({ conversion: 'as-is', bucket: 'images', key: 'disk' });
  });
});
