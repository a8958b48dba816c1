/**
 * `npm run histories [-- --only PATTERN]`: runs imports and batches of every ending on the real service and keeps their
 * histories beside this file, for replay.test.ts. Run it after a change of the workflow that is meant, and keep the old
 * ones while such imports may run (docs/versioning.md).
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { batchWorkflowId } from '../../domain/batch/names.js';
import { importWorkflowId } from '../../domain/ids.js';
import { BUCKET, REGION, type Service, startService } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';
import { payloadOptionsOf } from '../support/temporal/payload-options.js';
import { BATCHES } from './batch-recordings.js';
import { decrypterOf } from './decrypt-history.js';
import { HOUR_MS, RECORDINGS } from './import-recordings.js';
import { firstRunOf, type History, packHistory } from './stored-history.js';

const REQUEST = { inspection: { failOn: 'never' }, detection: { failOn: 'never' }, osType: 'linux' };

async function startBatch(service: Service, name: string, disks: readonly object[]): Promise<string> {
  const upload = { bucket: BUCKET, prefix: 'imports/' };
  const body = {
    name,
    defaults: { region: REGION, upload, ...REQUEST, disks },
    items: Array.from({ length: 3 }, (_, index) => ({ imageName: `${name}-${index}` })),
  };
  const answer = await service.request('POST', '/v1/batches', body);
  if (answer.status !== 202) throw new Error(`POST /v1/batches: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
  const only = new RegExp(values.only);
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-histories-'));
  writeFileSync(path.join(folder, 'disk.raw'), raw());
  const disks = [{ source: `file://${folder}/disk.raw`, format: 'RAW', diskImageSize: 5 }];
  const service = await startService({ env: { ECS_IMPORT_PATIENCE_MS: String(HOUR_MS) } });
  const keep = (name: string, history: History) => {
    const kept = packHistory(history, (text) => withoutNames(text, folder));
    writeFileSync(path.join(import.meta.dirname, `${name}.json`), `${JSON.stringify(kept, null, 1)}\n`);
    console.log(`${name}: ${kept.events.length} events`);
  };
  try {
    const connection = await Connection.connect(service.temporalConnection());
    const client = new Client({ connection, ...(await payloadOptionsOf(service.dataDir)) });
    const decrypt = await decrypterOf(service.dataDir);
    const { workflow } = client;
    for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json') && only.test(name))) {
      rmSync(path.join(import.meta.dirname, file));
    }
    for (const { name, request, bringThere, after, run } of RECORDINGS.filter((recording) =>
      only.test(recording.name),
    )) {
      const importSeconds = name.startsWith('cancelled-') ? 600 : name === 'sent-again' ? 3 : 0.3;
      const detectionItems = name === 'separate-activities' ? [AT_RISK] : null;
      await service.settings({ importSeconds, copySeconds: 0.3, failImports: [doomed], detectionItems });
      const id = await service.start({ ...REQUEST, disks, ...request });
      await bringThere(service, id, client);
      // The record is written before the workflow itself has ended.
      const handle = workflow.getHandle(importWorkflowId(id));
      if (name !== 'waiting') await handle.result();
      await after?.(client, id);
      const last: History = await workflow.getHandle(importWorkflowId(id)).fetchHistory();
      keep(
        name,
        await decrypt(
          run === 'first' ? await workflow.getHandle(importWorkflowId(id), firstRunOf(last)).fetchHistory() : last,
        ),
      );
    }
    for (const { name, bringThere, after, run: which } of BATCHES.filter((recording) => only.test(recording.name))) {
      await service.settings({ importSeconds: name === 'batch-cancelled' ? 600 : 2 });
      const id = await startBatch(service, name, disks);
      const run = await bringThere(service, id, client);
      const handle = workflow.getHandle(batchWorkflowId(id));
      await handle.result();
      await after?.(client, id);
      const last: History = await workflow.getHandle(batchWorkflowId(id)).fetchHistory();
      const kept = typeof run === 'string' ? run : which === 'first' ? firstRunOf(last) : null;
      keep(
        name,
        await decrypt(kept === null ? last : await workflow.getHandle(batchWorkflowId(id), kept).fetchHistory()),
      );
    }
    await connection.close();
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const doomed = { code: 'InvalidImageFormat.Malformed', message: 'The image is broken.', imageName: 'doomed' };

const AT_RISK = { name: 'GUESTOS.Virtio', value: 'No', riskLevel: 'High', riskCode: null };

/** Without this machine's names; replay looks at neither. */
function withoutNames(text: string, folder: string): string {
  return text
    .replaceAll(folder, '/images')
    .replaceAll(path.resolve(import.meta.dirname, '../..'), '/app')
    .replaceAll(/[\w./-]*\/node_modules/g, '/app/node_modules')
    .replaceAll(hostname(), 'worker-1')
    .replaceAll(/\b\d+@worker-1/g, '1@worker-1');
}

await main();
