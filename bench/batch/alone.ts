/** One import without a batch: how many actions of Temporal it costs, e.g. with a long upload and a long wait for the cloud. */
import { randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { isFinal } from '../../domain/import.js';
import { BUCKET, type Service } from '../../test/support/e2e/service.js';
import { bootSector } from '../../test/support/emulator/made-disks.js';
import { type Actions, describeActions, difference } from './actions.js';

/** Bytes per second to which the worker limits itself, so that an upload takes long without being large. */
export const UPLOAD_RATE = 10_000_000;
const PIECE = 1024 ** 2;
const WITHIN_MS = 2 * 3_600_000;
/** Connections are opened and schedules created after the start. */
const SETTLE_MS = 5_000;

export async function importAlone(
  on: Service,
  folder: string,
  uploadSeconds: number,
  count: () => Promise<Actions>,
): Promise<string> {
  const file = await diskOf(folder, Math.max(PIECE, Math.ceil((uploadSeconds * UPLOAD_RATE) / PIECE) * PIECE));
  await sleep(SETTLE_MS);
  const before = await count();
  const id = await on.start({
    disks: [{ source: pathToFileURL(file).href, format: 'RAW', diskImageSize: 5 }],
    osType: 'linux',
    upload: { bucket: BUCKET, prefix: 'imports/', convert: 'never' },
    inspection: { failOn: 'never' },
    detection: { failOn: 'never' },
  });
  const { state, timeline, createdAt } = await on.until(id, (view) => isFinal(view.state), WITHIN_MS);
  // The workflow ends after the record.
  await sleep(SETTLE_MS);
  const used = difference(await count(), before);
  if (state !== 'succeeded') throw new Error(`the import ended ${state}`);
  const phases = timeline.map(({ phase, startedAt, endedAt }) => {
    const seconds = (Date.parse(endedAt ?? startedAt) - Date.parse(startedAt)) / 1_000;
    return `${phase} ${seconds.toFixed(1)} s`;
  });
  console.log(`phases since ${createdAt}: ${phases.join(', ')}`);
  return `actions of the import: ${describeActions(used)}`;
}

/** Random bytes after a boot sector: no part is a hole. */
async function diskOf(folder: string, bytes: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const name = path.join(folder, 'disk.raw');
  const file = await open(name, 'w');
  try {
    for (let at = 0; at < bytes; at += PIECE) await file.write(randomBytes(PIECE), 0, PIECE, at);
    await file.write(bootSector(), 0);
  } finally {
    await file.close();
  }
  return name;
}
