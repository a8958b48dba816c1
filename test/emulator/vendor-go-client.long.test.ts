import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  VENDOR_CLIENTS,
  VENDOR_KEY,
  VENDOR_RUN_MS,
  vendorClientSetup,
} from '../support/emulator/vendor-client-setup.js';
import { INSTALL_MS, run } from '../support/python.js';

/** Go modules of the tests, separate from the user's, and kept between runs. */
const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache/vendor-clients');

const { port, folder, image } = vendorClientSetup();

async function goProgram(): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const source = path.join(VENDOR_CLIENTS, 'go');
  const draft = path.join(folder(), 'go-client');
  const env = { GOMODCACHE: path.join(CACHE, 'go-modules'), GOFLAGS: '-modcacherw -buildvcs=false', GOWORK: 'off' };
  await run('go', ['build', '-C', source, '-o', draft, '.'], {
    timeoutMs: INSTALL_MS,
    env: { ...env, GOTOOLCHAIN: 'local' },
  });
  const program = path.join(CACHE, 'go-client');
  renameSync(draft, program);
  return program;
}

describe('The vendor’s Go client of OSS', () => {
  let program: string;
  beforeAll(async () => {
    program = await goProgram();
  }, INSTALL_MS);

  test.each(['v1', 'v4'])(
    'uploads in parts, downloads, lists, presigns and deletes (signature %s)',
    async (signature) => {
      const output = await run(program, [port(), signature, image()], { timeoutMs: VENDOR_RUN_MS });
      expect(JSON.parse(output)).toEqual({
        ...{ sameBytes: true, sameByUrl: true, exists: [true, false], listed: [VENDOR_KEY], deleted: VENDOR_KEY },
        noKey: 'NoSuchKey 0026-00000001',
        wrongSecret: expect.stringMatching(/^SignatureDoesNotMatch 0002-\d{8}$/),
        notEmpty: expect.stringMatching(/^BucketNotEmpty/),
      });
    },
  );
});
