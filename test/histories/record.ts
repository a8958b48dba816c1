/**
 * `npm run histories`: runs imports of every ending on the real service and keeps their histories beside this file, for
 * replay.test.ts. Run it after a change of the workflow that is meant, and keep the old ones while such imports may run
 * (docs/versioning.md).
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { importWorkflowId } from '../../domain/ids.js';
import type { State } from '../../domain/import.js';
import { type Service, startService } from '../e2e/service.js';
import { raw } from '../emulator/made-disks.js';
import { type History, packHistory } from './stored-history.js';

const REQUEST = { inspection: { failOn: 'never' }, detection: { failOn: 'never' }, osType: 'linux' };

interface Life {
  readonly name: string;
  readonly request?: Record<string, unknown>;
  /** Brings the import to where its history is kept. */
  readonly live: (service: Service, id: string) => Promise<unknown>;
}

const until =
  (...states: State[]) =>
  (service: Service, id: string) =>
    service.untilState(id, ...states);
const post = (service: Service, id: string, what: string, body = {}) =>
  service.request('POST', `/v1/imports/${id}/${what}`, body);

const LIVES: readonly Life[] = [
  { name: 'succeeded', live: until('succeeded') },
  { name: 'dry-run', request: { dryRun: true }, live: until('succeeded') },
  {
    name: 'distributed',
    request: { distribute: { regions: ['cn-beijing'], shareWith: ['1000000000000002'] } },
    live: until('succeeded'),
  },
  { name: 'failed', request: { imageName: 'doomed' }, live: until('failed') },
  { name: 'waiting', request: { role: 'verify', roleName: 'lacks-1' }, live: until('attention') },
  {
    name: 'resumed',
    request: { role: 'verify', roleName: 'lacks-2' },
    async live(service, id) {
      await service.untilState(id, 'attention');
      await post(service, id, 'resume', { set: { role: 'ensure' } });
      await service.untilState(id, 'succeeded');
    },
  },
  {
    name: 'cancelled-waiting',
    request: { role: 'verify', roleName: 'lacks-3' },
    async live(service, id) {
      await service.untilState(id, 'attention');
      await post(service, id, 'cancel');
      await service.untilState(id, 'cancelled');
    },
  },
  {
    name: 'cancelled-importing',
    async live(service, id) {
      await service.until(id, (view) => view.phase === 'import' && view.image !== null);
      await post(service, id, 'cancel');
      await service.untilState(id, 'cancelled');
    },
  },
];

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-histories-'));
  writeFileSync(path.join(folder, 'disk.raw'), raw());
  const service = await startService();
  try {
    const address = service.stack.parts().find(({ name }) => name === 'temporal')?.address ?? '';
    const connection = await Connection.connect({ address: address.replace(/^\w+:\/\//, '') });
    const client = new Client({ connection });
    for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'))) {
      rmSync(path.join(import.meta.dirname, file));
    }
    for (const { name, request, live } of LIVES) {
      const importSeconds = name === 'cancelled-importing' ? 600 : 0.3;
      await service.settings({ importSeconds, copySeconds: 0.3, failImports: [doomed] });
      const disks = [{ source: `file://${folder}/disk.raw`, format: 'RAW', diskImageSize: 5 }];
      const id = await service.start({ ...REQUEST, disks, ...request });
      await live(service, id);
      // The record is written before the workflow itself has ended.
      const handle = client.workflow.getHandle(importWorkflowId(id));
      if (name !== 'waiting') await handle.result();
      const history: History = await handle.fetchHistory();
      const kept = packHistory(history, (text) => withoutNames(text, folder));
      writeFileSync(path.join(import.meta.dirname, `${name}.json`), `${JSON.stringify(kept, null, 1)}\n`);
      console.log(`${name}: ${kept.events.length} events`);
    }
    await connection.close();
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const doomed = { code: 'InvalidImageFormat.Malformed', message: 'The image is broken.', imageName: 'doomed' };

/** Without this machine's names; replay looks at neither. */
function withoutNames(text: string, folder: string): string {
  return text
    .replaceAll(folder, '/images')
    .replaceAll(hostname(), 'worker-1')
    .replaceAll(/\b\d+@worker-1/g, '1@worker-1');
}

await main();
