/** The imports of a soak: every kind of source, ending and intervention, each with content of its own. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal } from '../../domain/import.js';
import { BUCKET, DEMO_IMAGE, REGION, type Service } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';

const COPY_REGION = 'cn-beijing';
const MIB = 1024 ** 2;

export interface Soak {
  readonly service: Service;
  readonly folder: string;
  /** URL of a web server with the files of the folder. */
  readonly webUrl: string;
}

/** Resolves to the IDs of the imports that it has started, which have ended. */
type Life = (soak: Soak, name: string) => Promise<readonly string[]>;

export const LIVES: Readonly<Record<string, Life>> = {
  raw: (soak, name) =>
    withDisk(soak, name, (source) => importOf(soak, { imageName: name, disks: [{ source, format: 'RAW' }] })),
  gzip: (soak, name) =>
    withDisk(soak, `${name}.gz`, (source) => importOf(soak, { imageName: name, disks: [{ source }] })),
  qcow2: (soak, name) => importOf(soak, { imageName: name, disks: [{ source: `file://${DEMO_IMAGE}` }] }),
  web: (soak, name) =>
    withDisk(soak, name, () =>
      importOf(soak, { imageName: name, disks: [{ source: `${soak.webUrl}/${name}`, format: 'RAW' }] }),
    ),
  async object(soak, name) {
    const key = `given/${name}.raw`;
    await soak.service.put(BUCKET, key, contentOf(name));
    const ids = await importOf(soak, {
      imageName: name,
      disks: [{ source: `oss://${BUCKET}/${key}`, format: 'RAW', diskImageSize: 5 }],
    });
    await retried(() => soak.service.oss(BUCKET).delete(key));
    return ids;
  },
  copied: (soak, name) =>
    withDisk(soak, name, (source) =>
      importOf(soak, {
        ...{ imageName: name, disks: [{ source, format: 'RAW' }] },
        distribute: { regions: [COPY_REGION] },
      }),
    ),
  'dry run': (soak, name) =>
    withDisk(soak, name, (source) =>
      importOf(soak, { imageName: name, disks: [{ source, format: 'RAW' }], dryRun: true }),
    ),
  resumed: (soak, name) =>
    withDisk(soak, name, (source) =>
      importOf(soak, {
        imageName: name,
        disks: [{ source, format: 'RAW' }],
        role: 'verify',
        roleName: `missing-${name}`,
      }),
    ),
  cancelled: (soak, name) =>
    withDisk(soak, name, async (source) => {
      const id = await start(soak, { imageName: name, disks: [{ source, format: 'RAW' }] });
      await sleep(Math.random() * 3_000);
      await soak.service.request('POST', `/v1/imports/${id}/cancel`);
      return [await end(soak, id)];
    }),
  batch: (soak, name) =>
    withDisk(soak, name, async (source) => {
      const { service } = soak;
      const answer = await service.request('POST', '/v1/batches', {
        name,
        defaults: { ...SETTINGS, region: REGION, disks: [{ source, format: 'RAW' }] },
        items: [0, 1, 2].map((item) => ({ imageName: `${name}-${item}` })),
      });
      if (answer.status !== 202) throw new Error(`POST /v1/batches: ${answer.status} ${JSON.stringify(answer.body)}`);
      const { id } = answer.body;
      for (;;) {
        const { body } = await service.request('GET', `/v1/batches/${id}`);
        if (isFinal(body.state)) break;
        if (body.state === 'attention') await service.request('POST', `/v1/batches/${id}/resume`, {});
        await sleep(500);
      }
      const { body } = await service.request('GET', `/v1/imports?batch=${id}`);
      return body.imports.map((one: { id: string }) => one.id);
    }),
  async inspection({ service }) {
    await service.request('POST', '/v1/inspections', { source: DEMO_IMAGE });
    await service.request('GET', '/v1/imports?state=failed');
    return [];
  },
};

const SETTINGS = {
  upload: { bucket: BUCKET, prefix: 'imports/' },
  ...{ inspection: { failOn: 'never' }, detection: { failOn: 'never' }, osType: 'linux' },
};

/** Faults of one call each, at moments that nobody chose. */
const CALLS = [
  ['ecs', 'ImportImage'],
  ['ecs', 'DescribeTasks'],
  ['ecs', 'DescribeImages'],
  ['ecs', 'CopyImage'],
  ['ecs', 'DeleteImage'],
  ['ram', 'GetRole'],
  ['oss', 'UploadPart'],
  ['oss', 'InitiateMultipartUpload'],
  ['oss', 'CompleteMultipartUpload'],
  ['oss', 'DeleteObject'],
] as const;
const KINDS = ['reset-before', 'reset-after', 'cut', 'http', 'slow'] as const;

export async function plantFault({ service }: Soak): Promise<void> {
  const [name, action] = pick(CALLS);
  const kind = pick(KINDS);
  const answer =
    kind === 'http' ? { status: 503, code: 'ServiceUnavailable' } : kind === 'slow' ? { delayMs: 2_000 } : {};
  await service.fault({ service: name, action, kind, times: 1, ...answer });
}

/** A planted fault can hit a call of the soak itself. */
export async function retried<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let left = 5; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(500);
    }
  }
}

export function pick<Value>(values: readonly Value[]): Value {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

export async function serveFolder(folder: string): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = http.createServer((request, response) => {
    try {
      const content = readFileSync(path.join(folder, path.basename(request.url ?? '')));
      const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
      const start = Number(from);
      const last = to === '' ? content.length - 1 : Math.min(Number(to), content.length - 1);
      const headers = { etag: `"${content.length}-${path.basename(request.url ?? '')}"`, 'accept-ranges': 'bytes' };
      const range = from === '' ? {} : { 'content-range': `bytes ${start}-${last}/${content.length}` };
      const length = String(last - start + 1);
      response.writeHead(from === '' ? 200 : 206, { ...headers, ...range, 'content-length': length });
      response.end(request.method === 'HEAD' ? undefined : content.subarray(start, last + 1));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** Half of it cannot be compressed. */
function contentOf(name: string): Buffer {
  return Buffer.concat([raw(MIB), Buffer.from(name.padEnd(64)), randomBytes(MIB - 64)]);
}

async function withDisk(
  { folder }: Soak,
  name: string,
  use: (source: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const file = path.join(folder, name.replace(/\.gz$/, ''));
  writeFileSync(file, contentOf(name));
  const packed = name.endsWith('.gz');
  if (packed) execFileSync('gzip', ['-f', file]);
  const given = packed ? `${file}.gz` : file;
  return await use(`file://${given}`).finally(() => rmSync(given, { force: true }));
}

async function importOf(soak: Soak, request: Record<string, unknown>): Promise<readonly string[]> {
  return [await end(soak, await start(soak, request))];
}

/** A fault of the API's own calls does not exist: a refused request is a defect. */
async function start({ service }: Soak, request: Record<string, unknown>): Promise<string> {
  return await service.start({ ...SETTINGS, ...request });
}

/** Resumes what stops, until it ends. */
async function end({ service }: Soak, id: string): Promise<string> {
  for (;;) {
    const view = await service.until(id, ({ state }) => isFinal(state) || state === 'attention');
    if (isFinal(view.state)) return id;
    await service.request('POST', `/v1/imports/${id}/resume`, view.phase === 'role' ? { set: { role: 'ensure' } } : {});
    await sleep(500);
  }
}
