/** A cloud and a disk for the vendor's own clients, in the tests of the current file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type LocalCloud, startCloud } from './local-cloud.js';

/** The folder with the programs that use the clients. */
export const VENDOR_CLIENTS = path.resolve(import.meta.dirname, '../../emulator/vendor-clients');
/** The object that these programs write. */
export const VENDOR_KEY = "images/a b+c'(ü)*.raw";
/** For one run of a program. */
export const VENDOR_RUN_MS = 60_000;

/** One part of the clients, and a rest that is no whole block. */
const IMAGE_BYTES = 1_048_576 + 512;

export interface VendorSetup {
  /** Of the cloud, on this host. */
  port(): string;
  /** A temporary folder. */
  folder(): string;
  /** The path of the disk. */
  image(): string;
}

export function vendorClientSetup(): VendorSetup {
  let cloud: LocalCloud;
  let folder: string;
  const image = () => path.join(folder, 'disk.raw');

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-test-'));
    writeFileSync(image(), Buffer.from(Array.from({ length: IMAGE_BYTES }, (_, at) => (at * 31) % 251)));
    cloud = await startCloud({ importSeconds: 0.2, unknownImageDeletion: 'refused' });
    cloud.makeRole();
  });

  afterAll(async () => {
    await cloud.close();
    rmSync(folder, { recursive: true, force: true });
  });

  return { port: () => String(cloud.address.split(':')[1]), folder: () => folder, image };
}
