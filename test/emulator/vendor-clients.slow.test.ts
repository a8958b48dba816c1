import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  VENDOR_CLIENTS,
  VENDOR_KEY,
  VENDOR_RUN_MS,
  vendorClientSetup,
} from '../support/emulator/vendor-client-setup.js';
import { INSTALL_MS, pythonPrograms, run } from '../support/python.js';

const { port, image } = vendorClientSetup();

describe('The vendor’s Python clients', () => {
  let interpreter: string;
  beforeAll(async () => {
    interpreter = path.join(await pythonPrograms(path.join(VENDOR_CLIENTS, 'python', 'requirements.txt')), 'python');
  }, INSTALL_MS);

  test.each(['v1', 'v4'])('upload, import and delete an image (OSS signature %s)', async (signature) => {
    const script = path.join(VENDOR_CLIENTS, 'python', 'import_image.py');
    const output = await run(interpreter, [script, port(), signature, image()], { timeoutMs: VENDOR_RUN_MS });
    expect(JSON.parse(output)).toEqual({
      ...{ info: 'oss-cn-hangzhou', listed: [VENDOR_KEY], status: 200 },
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
