/** Cancels an import during every call to the cloud: it always ends cancelled and leaves no resources. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFinal } from '../../domain/import.js';
import { labelOf } from '../faults/cases.js';
import { violations } from '../faults/judge.js';
import { prepare, requestOf } from '../faults/run-case.js';
import { ASKED_ONCE_WITHIN_MS, setCloud } from '../faults/run-matrix.js';
import { isShared, matchOf, SANDBOX_BUCKETS, SANDBOXES, type Sandbox, sandboxAt } from '../faults/sandboxes.js';
import { CALLS, type Call, SCENARIOS } from '../faults/scenarios.js';
import { type Fault, type Service, startService } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';
import { shareOfCases } from '../support/share-of-cases.js';

const MIB = 1024 ** 2;

let service: Service;
let source: string;
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-cancel-'));

beforeAll(async () => {
  const file = path.join(folder, 'disk.raw');
  writeFileSync(file, raw());
  source = `file://${file}`;
  const env = { ECS_IMPORT_RETRY_FIRST_MS: '100', ECS_IMPORT_RETRY_MAX_MS: '300', ECS_IMPORT_MAX_UPLOADS: '20' };
  service = await startService({ env, buckets: SANDBOX_BUCKETS });
  await service.learnNoLimits();
  await setCloud(service, { importSeconds: 0.3, copySeconds: 0.3 });
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const cancel = (id: string, body: object = {}) => service.request('POST', `/v1/imports/${id}/cancel`, body);

/** A moment of an import, defined by a fault of one of its calls. */
interface Moment {
  readonly call: Call;
  readonly name: string;
  readonly fault: Pick<Fault, 'kind' | 'times' | 'status' | 'code'>;
  /** How often the call has had the fault when the cancel is sent. */
  readonly hits: number;
  readonly waiting?: boolean;
}

/** Calls that create, change or delete something: a cancel may also arrive after the effect and before the response. */
const WRITES = /^(Create|Attach|Initiate|Upload|Complete|Import|Copy|Modify|Join|Associate|Delete)/;
/** The first call of each phase that is retried, and that stops in attention. */
const OF_PHASES = [
  /^ecs\.DescribeImages by ImageName$/,
  /^ram\.GetRole$/,
  /^oss\.InitiateMultipartUpload$/,
  /^ecs\.ImportImage$/,
  /^ecs\.DescribeTasks by TaskIds$/,
  /^ecs\.CopyImage$/,
  /^ecs\.ModifyImageSharePermission at the copy$/,
  /^oss\.DeleteObject$/,
];

/** Of the imports that create an image. */
const calls = CALLS.filter((call) => SCENARIOS[call.scenario].ends === 'succeeded');
const ofPhases = calls.filter((call) => call.scenario === 'import' && OF_PHASES.some((one) => one.test(labelOf(call))));
const moment = (call: Call, when: string, fault: Moment['fault'], more: Partial<Moment> = {}): Moment => ({
  ...{ call, name: `${call.scenario}: ${labelOf(call)} ${when}`, fault, hits: 1 },
  ...more,
});
const HELD: readonly Moment[] = [
  ...calls.map((call) => moment(call, 'sent', { kind: 'hold' })),
  ...calls.filter(({ action }) => WRITES.test(action)).map((call) => moment(call, 'done', { kind: 'hold-after' })),
];
const FAILING: readonly Moment[] = [
  ...ofPhases.map((call) => moment(call, 'retried', { kind: 'reset-before', times: -1 }, { hits: 2 })),
  ...ofPhases.map((call) =>
    moment(call, 'in attention', { kind: 'http', status: 403, code: refusalOf(call), times: -1 }, { waiting: true }),
  ),
];

function refusalOf({ service: of }: Call): string {
  return of === 'ecs' ? 'Forbidden.RAM' : of === 'ram' ? 'NoPermission' : 'AccessDenied';
}

/** All deviations from the expected result. */
async function cancelAt({ call, name, fault, hits, waiting }: Moment, sandbox: Sandbox): Promise<readonly string[]> {
  const request = requestOf(call.scenario, sandbox, source);
  const match = matchOf(call, sandbox, String(request.roleName));
  const faultId = await service.fault({
    service: call.service,
    action: call.action,
    after: call.after ?? 0,
    match,
    ...fault,
  });
  const turnIds = await prepare(service, call.scenario, sandbox, request);
  try {
    const id = await service.start(request);
    for (;;) {
      const [met, { state }] = await Promise.all([service.hits(), service.get(id)]);
      if (isFinal(state)) return [`${name}: ended ${state} without it`];
      if ((met.get(faultId) ?? 0) >= hits && (!waiting || state === 'attention')) break;
      await sleep(50);
    }
    const responses = await Promise.all([cancel(id), cancel(id)]);
    await service.endFault(faultId);
    const view = await service.until(id, ({ state }) => isFinal(state));
    const late = await cancel(id);
    const broken = [...violations({ view, cloud: await service.state(), events: [], stops: 0 })];
    if (responses.some(({ status }) => status !== 202))
      broken.push(`cancel returned ${responses.map(({ status }) => status)}`);
    if (view.state !== 'cancelled') broken.push(`ended ${view.state}`);
    if (late.status !== 409 || late.body.state !== 'cancelled') {
      broken.push(`cancel after the end returned ${late.status} ${late.body.state}`);
    }
    if ((await service.get(id)).updatedAt !== view.updatedAt) broken.push('cancel after the end changed the record');
    return broken.map((line) => `${name}: ${id} ${line}`);
  } finally {
    for (const planted of [faultId, ...turnIds]) await service.endFault(planted);
  }
}

/** One import per sandbox concurrently; calls that are shared by all imports are tested alone. */
async function cancelAtEach(moments: readonly Moment[]): Promise<readonly string[]> {
  const broken: string[] = [];
  const work = async (queue: Moment[], sandbox: Sandbox) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      broken.push(...(await cancelAt(next, sandbox)));
  };
  // Not the sandbox whose bucket was just checked: recent results are reused without a call.
  const last = sandboxAt(-1);
  for (const alone of moments.filter(({ call }) => isShared(call))) {
    await sleep(ASKED_ONCE_WITHIN_MS);
    await work([alone], last);
  }
  const queue = moments.filter(({ call }) => !isShared(call));
  await Promise.all(SANDBOXES.map((sandbox) => work(queue, sandbox)));
  return broken;
}

describe('cancel, sent twice → the import ends cancelled and leaves no resources', () => {
  test('during any call, or between its effect and its response', async () => {
    expect(HELD.length).toBeGreaterThan(40);
    expect(await cancelAtEach(shareOfCases(HELD, 3))).toEqual([]);
  });

  test('during retries or attention in any phase', async () => {
    expect(FAILING).toHaveLength(2 * OF_PHASES.length);
    expect(await cancelAtEach(shareOfCases(FAILING, 2))).toEqual([]);
  });

  test('before a worker has started it', async () => {
    const sandbox = sandboxAt(0);
    service.signal('worker', 'SIGSTOP');
    const id = await service.start(requestOf('import', sandbox, source));
    const response = await cancel(id);
    service.signal('worker', 'SIGCONT');
    expect(response.status).toBe(202);
    const view = await service.untilState(id, 'cancelled', 'succeeded', 'failed');
    expect(violations({ view, cloud: await service.state(), events: [], stops: 0 })).toEqual([]);
    expect(view).toMatchObject({ state: 'cancelled', image: null });
  });
});

test('cancel after the cloud has finished the image, before the service has noticed → deletes the image, or keeps it with keepImage', async () => {
  const runs = await Promise.all(
    [false, true].map(async (keepImage, index) => {
      const sandbox = sandboxAt(index);
      const held = {
        service: 'ecs',
        action: 'DescribeTasks',
        kind: 'hold-after',
        match: { RegionId: sandbox.region },
      } as const;
      const faultId = await service.fault({ ...held, times: -1 });
      return { keepImage, faultId, id: await service.start(requestOf('cancel-import', sandbox, source)) };
    }),
  );
  const finished = async () =>
    (await service.state()).images.filter(({ tags, status }) =>
      runs.some(({ id }) => tags['ecs-image-import'] === id && status === 'Available'),
    );
  await expect.poll(async () => (await finished()).length, { timeout: 120_000 }).toBe(2);
  for (const { id, keepImage } of runs) await cancel(id, { keepImage });
  for (const { faultId } of runs) await service.endFault(faultId);
  for (const { id } of runs) await service.untilState(id, 'cancelled');
  expect((await finished()).map(({ tags }) => tags['ecs-image-import'])).toEqual(
    runs.filter(({ keepImage }) => keepImage).map(({ id }) => id),
  );
});

test('cancel during ImportImage → calls CancelTask and waits for the end of the task', async () => {
  const sandbox = sandboxAt(0);
  await service.settings({ importSeconds: 600 });
  const id = await service.start(requestOf('cancel-import', sandbox, source));
  await service.until(id, (view) => view.phase === 'import' && view.image !== null);
  const toldAt = Date.now();
  await cancel(id);
  const view = await service.untilState(id, 'cancelled');
  const call = (await service.calls('CancelTask')).at(-1);
  console.log(`CancelTask came ${Date.parse(call?.time ?? '') - toldAt} ms after the cancel`);
  const { tasks } = await service.state();
  expect(tasks.filter(({ status }) => status === 'Processing')).toEqual([]);
  expect(violations({ view, cloud: await service.state(), events: [], stops: 0 })).toEqual([]);
  await service.settings({ importSeconds: 0.3 });
});

test('cancel during the upload → sends no further part', async () => {
  const sandbox = sandboxAt(0);
  const file = path.join(folder, 'large.raw');
  writeFileSync(file, raw());
  const large = openSync(file, 'r+');
  ftruncateSync(large, 600 * MIB);
  closeSync(large);
  const part = { service: 'oss', action: 'UploadPart', match: { bucket: sandbox.bucket } } as const;
  const faultId = await service.fault({ ...part, kind: 'hold', times: -1 });
  const request = requestOf('import', sandbox, `file://${file}`);
  const id = await service.start({
    ...request,
    upload: { bucket: sandbox.bucket, prefix: 'large/', convert: 'never' },
  });
  const sent = async () => (await service.hits()).get(faultId) ?? 0;
  let before = 0;
  const asManyAsAtOnce = async () => {
    const [earlier, now] = [before, await sent()];
    before = now;
    return now > 0 && now === earlier;
  };
  await expect.poll(asManyAsAtOnce, { timeout: 120_000, interval: 500 }).toBe(true);
  await cancel(id);
  const view = await service.untilState(id, 'cancelled');
  expect(await sent()).toBe(before);
  await service.endFault(faultId);
  expect(violations({ view, cloud: await service.state(), events: [], stops: 0 })).toEqual([]);
});
