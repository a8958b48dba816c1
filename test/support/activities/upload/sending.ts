/** Uploads in processes of their own, which can be killed: with a real database, the emulator and the threads of a worker. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import OSS from 'ali-oss';
import { z } from 'zod';
import { newImportId } from '../../../../domain/ids.js';
import type { ImportPlan, StepInput } from '../../../../domain/plan.js';
import type { PartLimits } from '../../../../images/stream/layout.js';
import { createUploadRanges, type NotedRange } from '../../../../store/upload-ranges.js';
import { acceptedWith } from '../../domain/requests.js';
import { ACCOUNT_KEYS, type LocalCloud, REGION, startCloud } from '../../emulator/local-cloud.js';
import { startTestDatabase } from '../../store/test-database.js';
import { tryIn } from '../crashing-process.js';

export interface SendingJob {
  readonly databaseUrl: string;
  /** `127.0.0.1:PORT` of the cloud, or of a proxy before it. */
  readonly address: string;
  readonly host: string;
  readonly step: StepInput;
  readonly plan: ImportPlan;
  readonly attempt: number;
  readonly limits: PartLimits;
  readonly threads: number;
  /** Bytes per second; null: no limit. */
  readonly limitRate: number | null;
}

export interface SendingSettings {
  readonly limits: PartLimits;
  readonly threads?: number;
  readonly limitRate?: number;
  readonly address?: string;
}

export type Sent = { readonly growth: number } | { readonly failed: string };

export interface Sending {
  /** Resolves with what it printed at its end; null: it was killed. */
  readonly end: Promise<Sent | null>;
  signal(what: NodeJS.Signals): void;
}

export interface SendingImport {
  readonly id: string;
  /** The number of attempts so far. */
  readonly attempts: number;
  /** Resolves when the process begins to send. */
  start(settings: SendingSettings): Promise<Sending>;
}

const PROGRAM = fileURLToPath(new URL('./sending-process.ts', import.meta.url));
const sent = z.union([z.object({ growth: z.number() }), z.object({ failed: z.string() })]);

export async function startSendingWorld() {
  const database = await startTestDatabase();
  const cloud: LocalCloud = await startCloud();
  const surroundings = { pool: database.pool, address: cloud.address, host: 'sending' };
  const objectsIn = (bucket: string) => [...cloud.world.objects.values()].filter((object) => object.bucket === bucket);

  return {
    ...{ cloud, database, objectsIn },

    /** An import of this file into a new bucket, as a compressed QCOW2, up to its upload. */
    async prepare(file: string, bucket: string): Promise<SendingImport> {
      cloud.makeBucket(bucket);
      const request = acceptedWith({
        ...{ region: REGION, imageName: bucket, osType: 'linux', role: 'skip' },
        disks: [{ source: `file://${file}`, format: 'RAW' }],
        upload: { bucket, prefix: 'imports/', convert: 'qcow2' },
        ...{ inspection: { failOn: 'never' }, detection: { failOn: 'never' } },
      });
      const id = newImportId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
      const step: StepInput = { importId: id, step: 1, request, attempt: 1 };
      const done = await tryIn(surroundings, { attempt: 1, calls: Number.POSITIVE_INFINITY }, async (all) => {
        await all.accept({ importId: id, step: 1, request, fileQueue: 'files' });
        return await all.preflight({ ...step, step: 2 });
      });
      if (done.kind !== 'done') throw new Error(`preflight did not end: ${JSON.stringify(done)}`);
      const plan = done.result;
      let attempts = 0;
      return {
        id,
        get attempts() {
          return attempts;
        },
        async start({ limits, threads = 2, limitRate, address = cloud.address }) {
          attempts += 1;
          const job: SendingJob = {
            ...{ databaseUrl: database.url, address, host: surroundings.host, step: { ...step, step: 4 }, plan },
            ...{ attempt: attempts, limits, threads, limitRate: limitRate ?? null },
          };
          const args = ['--import', 'tsx', PROGRAM, JSON.stringify(job)];
          const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
          const lines = createInterface({ input: child.stdout });
          let last = '';
          lines.on('line', (line) => {
            last = line;
          });
          const closed = Promise.all([once(child, 'exit'), once(lines, 'close')]);
          const end = closed.then(([[, signal]]) => (signal === null ? sent.parse(JSON.parse(last)) : null));
          await Promise.race([once(lines, 'line'), closed]);
          return { end, signal: (what) => void child.kill(what) };
        },
      };
    },

    /** Throws unless the only object of the bucket has the disk of the file, and qemu-img finds no error in it. */
    async compare(file: string, bucket: string): Promise<void> {
      const [object, ...others] = objectsIn(bucket);
      if (object === undefined || others.length > 0) throw new Error(`the bucket has not one object: ${others.length}`);
      const copy = `${file}.${bucket}`;
      const endpoint = `http://${cloud.address}`;
      const place = { region: `oss-${REGION}`, endpoint, bucket, sldEnable: true, authorizationV4: true };
      await new OSS({ ...ACCOUNT_KEYS, ...place, timeout: 600_000 }).get(object.key, copy);
      execFileSync('qemu-img', ['check', '-q', '-f', 'qcow2', copy]);
      execFileSync('qemu-img', ['compare', '-q', '-f', 'raw', '-F', 'qcow2', file, copy]);
      await rm(copy);
    },

    /** The notes of the parts of the upload into this bucket. */
    async notes(bucket: string): Promise<readonly NotedRange[]> {
      const { rows } = await database.pool.query<{ id: number }>(
        'select id from ecs_image_import.uploads where bucket = $1',
        [bucket],
      );
      const notes: NotedRange[] = [];
      for (const { id } of rows) {
        for await (const note of createUploadRanges(database.pool).list(id)) notes.push(note);
      }
      return notes;
    },

    async close() {
      await cloud.close();
      await database.close();
    },
  };
}

export type SendingWorld = Awaited<ReturnType<typeof startSendingWorld>>;
