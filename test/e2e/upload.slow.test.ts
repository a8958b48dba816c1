/** Uploads with the real processes: one upload for the same content, from any source, despite failures. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { AttachPolicyToRoleRequest, CreateRoleRequest } from '@alicloud/ram20150501';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { EMULATOR_ACCOUNT } from '../../cli/emulated-account.js';
import { openFile } from '../../images/bytes.js';
import { findFreeSpace } from '../../images/trim/free-space.js';
import {
  foundIn,
  type Planted,
  plantSecrets,
  searchFolder,
  sessionSecrets,
  watchArguments,
} from '../support/e2e/planted-secrets.js';
import { BUCKET, DEMO_IMAGE, REGION, requestFor, type Service, startService } from '../support/e2e/service.js';
import { trustOf } from '../support/emulator/other-account.js';
import { ramClient } from '../support/emulator/vendor-sdk.js';
import { MIB, mbrDisk } from '../support/images/made-images.js';
import { type RangeServer, startRangeServer } from '../support/sources/range-server.js';

const PART = 8 * MIB;
/** Slow enough to interrupt the upload. */
const RATE = 16 * MIB;

let service: Service;
let planted: Planted;
let folder = '';
/** 80 MiB of unique content. */
let disk = '';

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'upload-e2e-'));
  planted = plantSecrets(folder);
  service = await startService({
    emulatorArgs: planted.emulatorArgs,
    env: {
      ...planted.env,
      ECS_IMPORT_LIMIT_RATE: String(RATE),
      ECS_IMPORT_HTTP_ADDRESSES: '127.0.0.1',
      ECS_IMPORT_CACHE_DIR: path.join(folder, 'cache'),
    },
  });
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await service.resetCloud();
  disk = path.join(folder, 'disk.raw');
  writeFileSync(disk, Buffer.concat([mbrDisk(MIB), randomBytes(79 * MIB)]));
});

const asTheyAre = { bucket: BUCKET, prefix: 'imports/', convert: 'never' };
const dataDisk = (file: string) => ({
  disks: [{ source: `file://${file}` }],
  upload: asTheyAre,
  inspection: { failOn: 'never' },
});
const succeeded = async (id: string) => {
  const view = await service.untilState(id, 'succeeded', 'failed', 'cancelled', 'attention');
  expect([view.state, view.error, view.attention]).toEqual(['succeeded', null, null]);
  return view;
};
const failed = async (id: string) => (await service.untilState(id, 'failed', 'succeeded', 'attention')).error;
const bytesSent = async () => (await service.calls('UploadPart')).reduce((sum, { bytes }) => sum + bytes, 0);
const partsArrived = async (count: number) => {
  while ((await service.calls('UploadPart')).length < count) await new Promise((resolve) => setTimeout(resolve, 50));
};
const nothingLeft = async () => expect(await service.state()).toMatchObject({ objects: [], uploads: [] });

describe('many imports of one file into one bucket', () => {
  test('upload it once, and the last of them deletes it', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => service.start(dataDisk(disk))));
    const views = await Promise.all(ids.map(succeeded));
    expect(await bytesSent()).toBe(80 * MIB);
    expect(new Set(views.map(({ image }) => image?.imageId)).size).toBe(6);
    const places = views.map(({ ledger }) => ledger.find(({ kind }) => kind === 'object')?.key);
    expect(new Set(places).size).toBe(1);
    await nothingLeft();
  });

  test('continue with the uploaded parts when the uploading import is cancelled', async () => {
    const first = await service.start(dataDisk(disk));
    await partsArrived(3);
    const second = await service.start(dataDisk(disk));
    await service.until(second, (view) => view.phase === 'upload');
    await service.request('POST', `/v1/imports/${first}/cancel`, {});
    expect((await service.untilState(first, 'cancelled')).state).toBe('cancelled');
    await succeeded(second);
    expect(await bytesSent()).toBeLessThanOrEqual(80 * MIB + 12 * PART);
    await nothingLeft();
  });

  test('keep it if one of them requests it', async () => {
    const keeping = { ...dataDisk(disk), upload: { ...asTheyAre, keepObject: true } };
    await Promise.all([service.start(keeping).then(succeeded), service.start(dataDisk(disk)).then(succeeded)]);
    expect((await service.state()).objects).toHaveLength(1);
    await service.start(dataDisk(disk)).then(succeeded);
    expect(await bytesSent()).toBe(80 * MIB);
  });
});

test('a worker killed during an upload → only unfinished parts are sent again', async () => {
  const id = await service.start(dataDisk(disk));
  await partsArrived(3);
  service.kill('worker');
  await succeeded(id);
  // Parts without a response are sent again; at most twelve were in progress.
  expect(await bytesSent()).toBeLessThanOrEqual(80 * MIB + 12 * PART);
  expect((await service.calls('InitiateMultipartUpload')).length).toBe(1);
  await nothingLeft();
});

test('several disks of one import → uploaded concurrently, one object each', async () => {
  const other = path.join(folder, 'data.raw');
  writeFileSync(other, Buffer.concat([mbrDisk(MIB), randomBytes(15 * MIB)]));
  const source = (file: string) => ({ source: `file://${file}` });
  const id = await service.start({ ...dataDisk(disk), disks: [source(DEMO_IMAGE), source(other), source(other)] });
  const { ledger } = await succeeded(id);
  // The second and the third have the same content.
  expect(ledger.filter(({ kind }) => kind === 'object')).toHaveLength(2);
  expect(await bytesSent()).toBe(statSync(DEMO_IMAGE).size + 16 * MIB);
  await nothingLeft();
});

describe('an image on a web server', () => {
  let web: RangeServer;
  const bytes = readFileSync(DEMO_IMAGE);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const from = (changes: object = {}) => ({ disks: [{ source: web.url.href, ...changes }], upload: asTheyAre });

  beforeEach(async () => {
    web = await startRangeServer(bytes);
  });
  afterEach(() => web.close());

  test('is inspected remotely and streamed into parts', async () => {
    const view = await succeeded(await service.start(from()));
    expect(view.findings.some(({ code }) => code === 'GUESTOS.KernelVersion')).toBe(true);
    expect(await bytesSent()).toBe(bytes.length);
    expect(web.bytesServed).toBeLessThan(2.2 * bytes.length);
    await nothingLeft();
  });

  test('whose server supports no ranges is downloaded once, then uploaded like a file', async () => {
    web.takesRanges = false;
    const view = await succeeded(await service.start(from({ sha256 })));
    expect(view.findings.some(({ code }) => code === 'GUESTOS.KernelVersion')).toBe(true);
    await nothingLeft();
  });

  test('with another digest than the request is rejected before an object is created', async () => {
    const error = await failed(await service.start(from({ sha256: '0'.repeat(64) })));
    expect(error).toMatchObject({ code: 'Source.DigestMismatch' });
    expect((await service.calls('CompleteMultipartUpload')).length).toBe(0);
    await nothingLeft();
  });

  test('that redirects to the metadata service is rejected', async () => {
    web.instead = (_path, response) => {
      response.writeHead(302, { location: 'http://100.100.100.200/latest/meta-data/' }).end();
      return true;
    };
    expect(await failed(await service.start(from()))).toMatchObject({ code: 'Source.AddressNotAllowed' });
  });
});

describe('the digest of a request', () => {
  test('rejects another file → ECS never gets it, and nothing remains', async () => {
    const disks = [{ source: `file://${DEMO_IMAGE}`, sha256: '0'.repeat(64) }];
    expect(await failed(await service.start({ disks }))).toMatchObject({ code: 'Source.DigestMismatch' });
    // The file is read for its digest while it is sent: parts may have arrived before the difference is found.
    expect(await service.calls('ImportImage')).toEqual([]);
    await nothingLeft();
  });

  test('rejects another object in the bucket', async () => {
    await service.put(BUCKET, 'there.raw', mbrDisk(2 * MIB).toString('latin1'));
    const disks = [{ source: `oss://${BUCKET}/there.raw`, format: 'RAW', sha256: '0'.repeat(64) }];
    const id = await service.start({ disks, inspection: { failOn: 'never' } });
    expect(await failed(id)).toMatchObject({ code: 'Source.DigestMismatch' });
  });
});

describe('an image in a format that ECS does not support', () => {
  // Gigabytes, through which the search for secrets below would look.
  afterAll(() => {
    for (const name of readdirSync(folder)) if (/\.(raw|vmdk|qcow2)$/.test(name)) rmSync(path.join(folder, name));
  });
  const made = async (name: string, program: string, ...words: string[]) => {
    await promisify(execFile)(program, words, { cwd: folder });
    return path.join(folder, name);
  };

  test.each([
    [
      'a VMDK',
      () =>
        made(
          'disk.vmdk',
          'qemu-img',
          'convert',
          '-O',
          'vmdk',
          '-o',
          'subformat=streamOptimized',
          DEMO_IMAGE,
          'disk.vmdk',
        ),
    ],
    ['a compressed QCOW2', () => made('disk.zst', 'zstd', '-q', '-f', '-1', DEMO_IMAGE, '-o', 'disk.zst')],
  ])('%s is converted to QCOW2, and a finding reports it', async (_name, make) => {
    const id = await service.start({ disks: [{ source: `file://${await make()}` }] });
    const view = await succeeded(id);
    const codes = view.findings.map(({ code }) => code);
    expect(codes).toContain('ECSIMPORT.Conversion');
    expect(codes).toContain('GUESTOS.KernelVersion');
    expect(codes).not.toContain('ECSIMPORT.Format');
    expect(view.ledger.find(({ kind }) => kind === 'object')?.key).toMatch(/\.qcow2$/);
    await nothingLeft();
    expect(readdirSync(path.join(folder, 'cache'))).toEqual([]);
  });

  test('a sparse raw file → compressed while it is sent, and a finding reports how much', async () => {
    const raw = await made('sparse.raw', 'qemu-img', 'convert', '-O', 'raw', DEMO_IMAGE, 'sparse.raw');
    const view = await succeeded(await service.start({ disks: [{ source: `file://${raw}` }] }));
    const said = view.findings.find(({ code }) => code === 'ECSIMPORT.Conversion')?.message;
    expect(said).toMatch(
      /^RAW was sent as a compressed qcow2, |hold data: the disk is sent as a qcow2 without the rest/,
    );
    expect(readdirSync(path.join(folder, 'cache'))).toEqual([]);
    const objects = (await service.calls('CompleteMultipartUpload')).length;
    expect(objects).toBe(1);
    expect(await bytesSent()).toBeLessThan(200 * MIB);
    await nothingLeft();
  });

  test('upload.trim: free-space → deleted data is not sent, everything else arrives, and the report says what was left out', async () => {
    const raw = await made('used.raw', 'qemu-img', 'convert', '-O', 'raw', DEMO_IMAGE, 'used.raw');
    const source = openFile(raw);
    const { ranges } = findFreeSpace(source);
    source.close();
    const place = ranges.find(({ length }) => length >= 64 * MIB)?.offset ?? 0;
    const target = openSync(raw, 'r+');
    writeSync(target, randomBytes(64 * MIB), 0, 64 * MIB, place);
    closeSync(target);
    const upload = { bucket: BUCKET, prefix: 'imports/', trim: 'free-space', keepObject: true };
    const id = await service.start({ disks: [{ source: `file://${raw}` }], upload });
    const view = await succeeded(id);
    const said = view.findings.find(({ code }) => code === 'ECSIMPORT.FreeSpace');
    expect(said?.message).toMatch(/MiB of the disk’s 1\.0 GiB are free and were not sent$/);
    expect(said?.evidence).toMatch(/ext4, .*MiB not sent/);
    expect(await bytesSent()).toBeLessThan(64 * MIB);
    const key = view.ledger.find(({ kind }) => kind === 'object')?.key.replace(/^oss:\/\/[^/]+\//, '') ?? '';
    const object = path.join(folder, 'trimmed.qcow2');
    await service.oss(BUCKET).get(key, object);
    const arrived = path.join(folder, 'trimmed.raw');
    await promisify(execFile)('qemu-img', ['convert', '-O', 'raw', object, arrived]);
    const expected = openSync(raw, 'r+');
    for (const { offset, length } of ranges) {
      for (let done = 0; done < length; done += MIB)
        writeSync(expected, Buffer.alloc(Math.min(MIB, length - done)), 0, Math.min(MIB, length - done), offset + done);
    }
    closeSync(expected);
    await promisify(execFile)('cmp', [raw, arrived]);
  });
});

describe('the secrets of a service', () => {
  test('are in no byte that it wrote or answered, whatever succeeded and failed with them', async () => {
    const { secretOf } = planted;
    const emulatorPid = service.stack.parts().find(({ name }) => name === 'emulator')?.pid ?? 0;
    const endWatch = watchArguments(planted.secrets, emulatorPid);
    const web = await startRangeServer(readFileSync(DEMO_IMAGE));
    const signed = (signature: string) => `${web.url.origin}/disk.raw?OSSAccessKeyId=planted&Signature=${signature}`;
    const dry = { dryRun: true, role: 'skip' };
    await makeAssumableRoleNamed('planted', secretOf('ExternalId'));

    // Signed URLs: one that expires, the one that replaces it, one in a batch; a password in a URL.
    web.instead = (url, response) => {
      if (!url.includes(secretOf('Signature')) || url.includes(secretOf('NewSignature'))) return false;
      response.writeHead(403).end();
      return true;
    };
    const expired = await service.start({ disks: [{ source: signed(secretOf('Signature')) }], upload: asTheyAre });
    const stopped = await service.untilState(expired, 'attention', 'failed');
    expect(stopped.attention).toMatchObject({
      code: 'Source.Forbidden',
      remedy: expect.stringContaining('--set disks[0]'),
    });
    const set = { 'disks[0].source': signed(secretOf('NewSignature')) };
    expect((await service.request('POST', `/v1/imports/${expired}/resume`, { set })).status).toBe(202);
    await succeeded(expired);
    const withPassword = { disks: [{ source: `http://u:${secretOf('UserInfo')}@127.0.0.1/disk.raw` }] };
    const refused = await service.request('POST', '/v1/imports', { ...requestFor(withPassword) });
    expect(refused.status).toBe(400);
    const rows = `imageName,source\nplanted-batch,${signed(secretOf('BatchSignature'))}\n`;
    const defaults = encodeURIComponent(JSON.stringify({ region: REGION, upload: asTheyAre, ...dry }));
    const batch = await service.send(`/v1/batches?name=planted&defaults=${defaults}`, {
      ...{ method: 'POST', headers: { 'content-type': 'text/csv' }, body: rows },
    });
    const { id: batchId } = z.object({ id: z.string() }).parse(await batch.json());
    expect(batch.status).toBe(202);
    // Before the server rejects requests.
    await vi.waitFor(
      async () => expect((await service.request('GET', `/v1/batches/${batchId}`)).body.state).toBe('succeeded'),
      { timeout: 60_000, interval: 200 },
    );

    // Credentials of sources that the server accepts, and one that it rejects.
    for (const credential of ['basic', 'bearer', 'header']) {
      const before = web.requests.length;
      await succeeded(
        await service.start({ disks: [{ source: `${web.url.origin}/${credential}`, credential }], ...dry }),
      );
      const sent = web.requests.slice(before).map(({ authorization, key }) => authorization ?? key);
      expect(foundIn(sent.join(' '), planted.secrets).length).toBeGreaterThan(0);
    }
    web.instead = (_url, response) => {
      response.writeHead(401).end();
      return true;
    };
    const unauthorized = await service.start({ disks: [{ source: web.url.href, credential: 'basic' }], ...dry });
    expect((await service.untilState(unauthorized, 'attention')).attention?.code).toBe('Source.Forbidden');
    await service.request('POST', `/v1/imports/${unauthorized}/cancel`, {});

    // A session of an assumed role, and a wrong token of the API.
    await succeeded(await service.start({ account: 'planted', ...dry }));
    await service.send('/v1/imports', { headers: { authorization: `Bearer ${secretOf('Bearer')}` } });

    const routes = [
      ...[`/v1/imports/${expired}`, `/v1/imports/${expired}/report`, `/v1/imports/${unauthorized}/report`],
      ...['/v1/imports', '/v1/imports?fields=request', '/v1/imports?sort=created', '/v1/imports/waiting'],
      ...[`/v1/batches/${batchId}`, `/v1/batches/${batchId}/items`, `/v1/batches/${batchId}/report`],
      ...['/metrics', '/readyz', '/v1/audit'],
    ];
    const answers = await Promise.all(
      routes.map(async (route) => {
        const answer = await service.send(route, {
          headers: { accept: 'application/json, text/csv;q=0.9, */*;q=0.8' },
        });
        return `${route}: ${await answer.text()}`;
      }),
    );
    const sessions = sessionSecrets(service.dataDir);
    expect(sessions.size).toBeGreaterThan(0);
    const secrets = new Map([...planted.secrets, ...sessions]);
    secrets.set('DatabasePassword', readFileSync(path.join(service.dataDir, 'postgres.password'), 'utf8').trim());
    expect(
      answers.flatMap((answer) => foundIn(answer, secrets).map((name) => `${answer.slice(0, 60)}: ${name}`)),
    ).toEqual([]);
    expect(foundIn(JSON.stringify(refused.body), secrets)).toEqual([]);
    // The answers do show the imports.
    expect(answers[0]).toContain(`"${web.url.origin}/disk.raw"`);

    await service.checkpoint();
    const owners = { 'api-token': 'ApiToken', 'postgres.password': 'DatabasePassword' };
    const written = searchFolder(service.dataDir, secrets, { owners, except: ['emulator'] });
    const scratch = searchFolder(folder, secrets, { except: ['basic', 'print-header', 'disk.raw'] });
    expect([...written.found, ...scratch.found]).toEqual([]);
    expect([...endWatch()]).toEqual([]);
    // The search finds what is there: the name of the image is in PostgreSQL, the import in the log, the batch in both.
    const known = new Map([['batch', 'planted-batch']]);
    expect(searchFolder(service.dataDir, known, { except: ['emulator'] }).found).toEqual(
      expect.arrayContaining([expect.stringMatching(/^postgres.*: batch$/)]),
    );
    expect(written.bytes).toBeGreaterThan(20 * MIB);
    await web.close();
  });
});

/** A role of the account itself that its key may assume. */
async function makeAssumableRoleNamed(roleName: string, externalId: string): Promise<void> {
  const ram = ramClient({ address: new URL(service.emulatorUrl).host, regionId: REGION, ...EMULATOR_ACCOUNT });
  const trust = trustOf('acs:ram::1000000000000001:root', externalId);
  await ram.createRole(new CreateRoleRequest({ roleName, assumeRolePolicyDocument: trust }));
  const policy = { roleName, policyType: 'System', policyName: 'AdministratorAccess' };
  await ram.attachPolicyToRole(new AttachPolicyToRoleRequest(policy));
}
