/**
 * Proves that whole guests survive what the service does with `upload.trim: free-space`: real Debian disks that were filled with gigabytes of
 * files, most of which were deleted, are imported, and the objects that arrive in the bucket are checked, compared and booted.
 */
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootCheck } from '../../../images/boot-check/boot-check.js';
import { inspectImage } from '../../../images/inspect.js';
import { BUCKET, type Service, startService } from '../../support/e2e/service.js';
import {
  checkDisk,
  contentOf,
  fillAndDelete,
  type GuestDisk,
  type GuestFileSystem,
  giveDevicesTime,
  growDisk,
  run,
} from './guest-disk.js';
import type { Random } from './random.js';
import { markerBytes } from './random-file-system.js';

const MAKE = fileURLToPath(new URL('../make/test-images.sh', import.meta.url));
const CACHE = fileURLToPath(new URL('../cache', import.meta.url));
const TIME_LIMIT_MS = 1_800_000;
const GIB = 2 ** 30;

export const GUESTS: readonly { readonly image: string; readonly kind: GuestFileSystem }[] = [
  { image: 'bookworm-bios-gpt-ext4.qcow2', kind: 'ext4' },
  { image: 'trixie-bios-gpt-xfs.qcow2', kind: 'xfs' },
  { image: 'trixie-uefi-btrfs-subvolumes.qcow2', kind: 'btrfs' },
];

export interface Proof {
  readonly problems: readonly string[];
  readonly facts: string;
}

/** Calls `report` for each guest. */
export async function proveGuests(
  folder: string,
  guests: typeof GUESTS,
  random: Random,
  report: (name: string, proof: Proof) => void,
): Promise<void> {
  // QEMU runs as a user without rights.
  chmodSync(folder, 0o755);
  const images = process.env.TEST_IMAGE_FOLDER ?? CACHE;
  // Heartbeats of tests would be late on a machine that compresses gigabytes.
  const env = { ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '60000' };
  const service = await startService({ dataDir: path.join(folder, 'service'), env });
  try {
    for (const { image, kind } of guests) {
      run(['bash', MAKE, '--to', images, image]);
      const own = path.join(folder, kind);
      mkdirSync(own);
      report(image, await proveGuest(service, own, path.join(images, image), kind, random));
    }
  } finally {
    await service.stop();
  }
}

async function proveGuest(
  service: Service,
  folder: string,
  image: string,
  kind: GuestFileSystem,
  random: Random,
): Promise<Proof> {
  const disk: GuestDisk = { file: path.join(folder, 'disk.raw'), kind };
  run(['qemu-img', 'convert', '-O', 'raw', image, disk.file]);
  growDisk(disk);
  giveDevicesTime(disk);
  const deleted = fillAndDelete(disk, random);
  const problems = checkDisk(disk).map((line) => `before: ${line}`);
  const content = contentOf(disk);
  const before = markerBytes(disk.file);
  const object = path.join(folder, 'object.qcow2');
  const said = await importTrimmed(service, disk.file, object);
  if (typeof said !== 'string') return { problems: said, facts: `${size(deleted)} deleted` };
  run(['qemu-img', 'check', '-q', object]);
  const arrived: GuestDisk = { file: path.join(folder, 'arrived.raw'), kind };
  run(['qemu-img', 'convert', '-O', 'raw', object, arrived.file]);
  const after = markerBytes(arrived.file);
  problems.push(...checkDisk(arrived));
  if (contentOf(arrived).digest !== content.digest) problems.push('a file has changed');
  // Directories and the last blocks of files may keep some.
  if (after > before / 100) problems.push(`${size(after)} of old content remain`);
  const { outcome, seconds, log } = await boot(object);
  if (outcome !== 'login') {
    writeFileSync(`${object}.console`, log ?? '');
    problems.push(`boots to ${outcome}, and the source to ${(await boot(disk.file)).outcome}; kept: ${object}`);
  }
  const facts = [
    `${size(deleted)} deleted, ${content.files} files remain`,
    `old content on the disk: ${size(before)} before, ${size(after)} after`,
    `object of ${size(statSync(object).size)}; ${said}`,
    `${outcome} after ${seconds.toFixed(0)} s`,
  ];
  if (problems.length === 0) for (const file of [disk.file, arrived.file, object]) rmSync(file);
  return { problems, facts: facts.join('; ') };
}

const boot = async (file: string) => bootCheck(file, await inspectImage(file), { timeLimitMs: TIME_LIMIT_MS });

/** Downloads the object. What the report says of the free space, or the problems. */
async function importTrimmed(service: Service, file: string, object: string): Promise<string | readonly string[]> {
  const upload = { bucket: BUCKET, prefix: 'imports/', trim: 'free-space', keepObject: true };
  const id = await service.start({ disks: [{ source: `file://${file}` }], upload });
  const isOver = ({ state }: { readonly state: string }) => ['succeeded', 'failed', 'attention'].includes(state);
  const { state, findings, ledger, ...rest } = await service.until(id, isOver, TIME_LIMIT_MS);
  if (state !== 'succeeded') return [`the import is ${state}: ${JSON.stringify(rest.attention ?? findings)}`];
  const free = findings.find(({ code }) => code === 'ECSIMPORT.FreeSpace');
  if (free?.severity !== 'info') return [`not trimmed: ${free?.message} ${free?.evidence}`];
  const key = ledger.find(({ kind }) => kind === 'object')?.key.replace(/^oss:\/\/[^/]+\//, '') ?? '';
  await service.oss(BUCKET).get(key, object);
  return free.message;
}

const size = (bytes: number) => `${(bytes / GIB).toFixed(2)} GiB`;
