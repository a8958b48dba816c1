/** Calls that change the cloud are sent only under a lease that has not expired when the request is written to the socket. */
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type ChangeCall,
  type ChangeLease,
  createChangeLease,
  guardRequest,
  sendUnderLease,
  withChangeLease,
} from '../../alibaba/change-lease.js';
import type { Cloud } from '../../alibaba/cloud.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { staticCredentials } from '../../alibaba/credentials.js';
import { fail } from '../../domain/errors/index.js';
import { bareImport } from '../support/alibaba/import-input.js';
import { ACCOUNT_KEYS, BUCKET, type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';
import { makeCertificates } from '../support/temporal/certificates.js';

let emulator: LocalCloud;
let cloud: Cloud;

beforeAll(async () => {
  emulator = await startCloud();
  emulator.makeBucket(BUCKET);
  const url = `http://${emulator.address}`;
  cloud = createCloud({
    endpoints: { ecs: url, ram: url, sts: url, oss: url },
    credentials: staticCredentials(ACCOUNT_KEYS),
    timeoutMs: 5_000,
  });
});
afterAll(() => emulator?.close());

const actions = async (): Promise<readonly string[]> => {
  const response = await fetch(`http://${emulator.address}/_emulator/calls`);
  const { calls } = (await response.json()) as { calls: readonly { action: string }[] };
  return calls.map(({ action }) => action);
};

/** Confirms the step `times` times, as a worker that is frozen directly after each confirmation sees it. */
function expiring(times: number): ChangeLease & { holds: number } {
  const lease = {
    holds: 0,
    isHeld: () => false,
    async hold() {
      lease.holds += 1;
      if (lease.holds > times) throw fail('Import.Superseded', 'another worker runs a newer attempt');
    },
  };
  return lease;
}

const input = bareImport({ region: REGION, clientToken: 'token-1', imageName: 'web-01', disks: [] });
const NOT_SENT = { description: null, resourceGroupId: null, encrypted: null, kmsKeyId: null };
const copy = {
  imageId: 'm-1',
  toRegion: 'cn-beijing',
  imageName: 'web-01',
  clientToken: 'token-2',
  tags: {},
  ...NOT_SENT,
};

/** Every method that changes the cloud, with the first change that it makes. */
const CHANGES: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['ImportImage', () => cloud.ecs(REGION).importImage(input)],
  ['CancelTask', () => cloud.ecs(REGION).cancelTask('t-1')],
  ['DeleteImage', () => cloud.ecs(REGION).deleteImage('m-1')],
  ['CopyImage', () => cloud.ecs(REGION).copyImage(copy)],
  ['CancelCopyImage', () => cloud.ecs(REGION).cancelCopyImage('m-1')],
  ['ModifyImageSharePermission', () => cloud.ecs(REGION).shareImage('m-1', ['1'])],
  ['ModifyImageSharePermission', () => cloud.ecs(REGION).unshareImage('m-1', ['1'])],
  ['TagResources', () => cloud.ecs(REGION).tagImage('m-1', { a: 'b' })],
  [
    'CreateRole',
    () => cloud.ram.setUpImportRole({ mode: 'ensure', roleName: 'new', cloudBox: false, buckets: [BUCKET] }),
  ],
  ['InitiateMultipartUpload', () => cloud.oss(REGION).measureLink(BUCKET, 'k', new AbortController().signal)],
  ['InitiateMultipartUpload', () => cloud.oss(REGION).tryUpload(BUCKET, 'k')],
  ['AbortMultipartUpload', () => cloud.oss(REGION).abortUpload(BUCKET, 'k', 'u')],
  ['DeleteObject', () => cloud.oss(REGION).deleteObject(BUCKET, 'k')],
];

describe('a worker that is frozen after its step was confirmed', () => {
  test.each(CHANGES)('%s → confirmed again, refused, and never sent', async (action, change) => {
    const before = (await actions()).length;
    const lease = expiring(1);
    await expect(withChangeLease(lease, change)).rejects.toThrow('Import.Superseded');
    expect(lease.holds).toBe(2);
    expect((await actions()).slice(before)).not.toContain(action);
  });

  test.each(CHANGES)('%s, if its step is still current → sent once', async (action, change) => {
    const before = (await actions()).length;
    let held = false;
    const lease = {
      holds: 0,
      isHeld: () => held,
      async hold() {
        lease.holds += 1;
        held = lease.holds > 1;
      },
    };
    // The emulator refuses some of the calls, which it has then received.
    await withChangeLease(lease, change).catch(() => undefined);
    expect((await actions()).slice(before).filter((one) => one === action)).toHaveLength(1);
  });

  test('a change that the cloud accepts → reported with its request ID; a refused change and a read are not', async () => {
    const reported: ChangeCall[] = [];
    const lease = {
      hold: async () => undefined,
      isHeld: () => true,
      onChange: (call: ChangeCall) => reported.push(call),
    };
    await withChangeLease(lease, async () => {
      await cloud.oss(REGION).deleteObject(BUCKET, 'k');
      await cloud.oss(REGION).headObject(BUCKET, 'k');
      await cloud.ecs(REGION).countImages();
      await cloud
        .ecs(REGION)
        .copyImage(copy)
        .catch(() => undefined);
      await cloud.ram.setUpImportRole({ mode: 'ensure', roleName: 'audited', cloudBox: false, buckets: [BUCKET] });
    });
    expect(reported.map(({ service, action }) => `${service}.${action}`)).toEqual([
      'oss.DeleteObject',
      'ram.CreateRole',
      'ram.AttachPolicyToRole',
    ]);
    for (const { requestId } of reported) expect(requestId).toMatch(/^[0-9A-F-]{20,}$/i);
  });

  test('while it reads → the call is sent', async () => {
    await withChangeLease(expiring(0), () => cloud.ecs(REGION).countImages());
    await withChangeLease(expiring(0), () => cloud.oss(REGION).headObject(BUCKET, 'k'));
  });

  test('while it reads the first bytes of a part → the part is not sent', async () => {
    const before = (await actions()).length;
    let current = true;
    const lease = createChangeLease(async () => {
      if (!current) throw fail('Import.Superseded', 'another worker runs a newer attempt');
    }, 60_000);
    let frozen = false;
    const held = {
      hold: () => (frozen ? Promise.reject(fail('Import.Superseded', 'ended')) : lease.hold()),
      isHeld: () => !frozen && lease.isHeld(),
    };
    const source = {
      ...{ name: 'source', size: 200 * 1024, remote: true, mustReadAll: false, version: 'v1' },
      async *read() {
        frozen = true;
        current = false;
        yield new Uint8Array(200 * 1024);
      },
      check: async () => undefined,
      close: async () => undefined,
      guarantee: () => 'etag' as const,
    };
    const upload = cloud.oss(REGION).upload.bind(cloud.oss(REGION));
    await expect(
      withChangeLease(held, () =>
        upload({
          ...{ bucket: BUCKET, key: 'part', source, uploadId: null, meta: {}, signal: new AbortController().signal },
          onUploadId: async () => undefined,
          onProgress: () => undefined,
        }),
      ),
    ).rejects.toThrow('Import.Superseded');
    expect((await actions()).slice(before)).toContain('InitiateMultipartUpload');
    expect((await actions()).slice(before)).not.toContain('UploadPart');
  });

  test('while it connects with TLS → nothing is written', async () => {
    const certificates = makeCertificates();
    const received: Buffer[] = [];
    const { cert, key } = certificates.server;
    const secure = tls.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
      socket.on('data', (bytes) => received.push(bytes)).on('error', () => undefined);
    });
    let held = true;
    // The lease expires when the handshake begins.
    const server = createServer((socket: Socket) => {
      held = false;
      secure.emit('connection', socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const send = () =>
      new Promise<void>((resolve, reject) => {
        const request = https.request({ host: '127.0.0.1', port, method: 'POST', rejectUnauthorized: false });
        request.on('error', reject).on('response', () => resolve());
        guardRequest(request);
        request.end('body');
      });
    const lease: ChangeLease = {
      isHeld: () => held,
      hold: async () => {
        held = true;
      },
    };
    try {
      await expect(withChangeLease(lease, () => sendUnderLease('ImportImage', send))).rejects.toThrow('Call.NotSent');
      expect(received).toEqual([]);
    } finally {
      server.close();
      certificates.remove();
    }
  });
});

describe('a confirmation', () => {
  const LEASE_MS = 5_000;
  let now = { wallMs: 0, monotonicMs: 0 };
  let confirmations = 0;
  const lease = () =>
    createChangeLease(
      async () => {
        confirmations += 1;
      },
      LEASE_MS,
      () => now,
    );

  beforeEach(() => {
    now = { wallMs: 1_000_000, monotonicMs: 1_000 };
    confirmations = 0;
  });

  test('made just now → counts without another statement', async () => {
    const one = lease();
    expect(one.isHeld()).toBe(false);
    await one.hold();
    await one.hold();
    expect([one.isHeld(), confirmations]).toEqual([true, 1]);
  });

  test.each([
    ['the process was stopped', { wallMs: LEASE_MS, monotonicMs: LEASE_MS }],
    ['the machine was suspended, so that only the wall clock advanced', { wallMs: LEASE_MS, monotonicMs: 1 }],
    ['the wall clock was set back during the stop', { wallMs: -LEASE_MS, monotonicMs: LEASE_MS }],
    ['the wall clock was set back', { wallMs: -LEASE_MS, monotonicMs: 1 }],
  ])('before %s → no longer counts', async (_what, passed) => {
    const one = lease();
    await one.hold();
    now = { wallMs: now.wallMs + passed.wallMs, monotonicMs: now.monotonicMs + passed.monotonicMs };
    expect(one.isHeld()).toBe(false);
  });

  test('counts from the start of its statement, which may have taken long', async () => {
    const one = lease();
    const confirmed = one.confirming();
    now = { wallMs: now.wallMs + LEASE_MS, monotonicMs: now.monotonicMs + LEASE_MS };
    confirmed();
    expect(one.isHeld()).toBe(false);
  });
});
