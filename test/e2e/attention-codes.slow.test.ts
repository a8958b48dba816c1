/** A cause that a user can fix stops an import with code and remedy; after the fix, `resume` finishes it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CATALOGUE, type CatalogueService } from '../../domain/errors/index.js';
import { openAccount, startKeyServer } from '../support/e2e/account.js';
import { CAUSES_OF_ALL, CAUSES_OF_ONE, type Cause, type Stage } from '../support/e2e/attention-causes.js';
import { type Fault, startService } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';
import { shareOfCases } from '../support/share-of-cases.js';
import { startRangeServer } from '../support/sources/range-server.js';

let stage: Stage;
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-causes-'));
const source = `file://${path.join(folder, 'disk.raw')}`;

beforeAll(async () => {
  writeFileSync(path.join(folder, 'disk.raw'), raw());
  const [keyServer, web] = [await startKeyServer(), await startRangeServer(raw())];
  const env = {
    ...keyServer.env,
    ECS_IMPORT_HTTP_ADDRESSES: '127.0.0.1',
    ECS_IMPORT_CACHE_DIR: path.join(folder, 'cache'),
  };
  const service = await startService({ env });
  const account = await openAccount(service);
  const goodKeys = await account.keys();
  keyServer.hand(goodKeys);
  stage = { service, account, keyServer, web, goodKeys };
  await service.settings({ importSeconds: 0.2, detectionSeconds: 0.1 });
});
afterAll(async () => {
  await stage?.service.stop();
  await stage?.keyServer.close();
  await stage?.web.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An import with its own name, role and bucket. */
async function start(name: string, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return stage.service.start({
    ...{ imageName: name, roleName: name, upload: { bucket: name, prefix: 'stops/' } },
    ...{ disks: [{ source, format: 'RAW', diskImageSize: 5 }], inspection: { failOn: 'never' } },
    ...changes,
  });
}

const resume = (id: string, set: Readonly<Record<string, unknown>> = {}) =>
  stage.service.request('POST', `/v1/imports/${id}/resume`, { set });

/** A summary of the import, so that one comparison shows every difference. */
async function stopAndMend(cause: Cause, name: string) {
  const { service } = stage;
  await service.makeBucket(name);
  const { onceStarted, fix } = await cause.plant(stage, name);
  const id = await start(name, cause.request?.(name, stage));
  const [stopped] = await Promise.all([
    service.untilState(id, 'attention', 'failed', 'succeeded'),
    onceStarted?.(id) ?? Promise.resolve(),
  ]);
  const { attention, error, state } = stopped;
  const saw = attention?.code ?? `${state} ${error?.code ?? ''}: ${error?.message ?? ''}`;
  await fix();
  const [path, value] = cause.refused ?? [];
  const refused = path === undefined ? null : await resume(id, { [path]: value });
  const set = cause.set?.(name) ?? {};
  await resume(id, set);
  const view = await service.until(
    id,
    (seen) =>
      ['succeeded', 'failed', 'cancelled'].includes(seen.state) ||
      (seen.attention !== null && seen.attention.since !== attention?.since),
  );
  return {
    codes: cause.codes,
    saw: cause.codes.includes(saw) ? 'one of them' : saw,
    remedy: (attention?.remedy ?? '') !== '',
    refused: refused === null ? null : [refused.status, refused.body.errors?.[0]?.path],
    imageName: view.request.imageName,
    end: view.attention === null ? view.state : `${view.state} ${view.attention.code}: ${view.attention.message}`,
  };
}

function asPromised(cause: Cause, name: string) {
  return {
    ...{ codes: cause.codes, saw: 'one of them', remedy: true, end: 'succeeded' },
    refused: cause.refused === undefined ? null : [400, cause.refused[0]],
    imageName: cause.set?.(name).imageName ?? name,
  };
}

const nameOf = ({ codes }: Cause) => `cause-${codes[0]?.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;

describe('a cause that is fixed in the account', () => {
  test('stops only the affected import, which continues after resume and accepts only fields that can change', async () => {
    const seen = await Promise.all(CAUSES_OF_ONE.map((cause) => stopAndMend(cause, nameOf(cause))));
    expect(seen).toEqual(CAUSES_OF_ONE.map((cause) => asPromised(cause, nameOf(cause))));
  });

  test('stops all imports while it lasts: bills, quotas, the clock, keys, permissions', async () => {
    const seen: Awaited<ReturnType<typeof stopAndMend>>[] = [];
    for (const cause of CAUSES_OF_ALL) seen.push(await stopAndMend(cause, nameOf(cause)));
    expect(seen).toEqual(CAUSES_OF_ALL.map((cause) => asPromised(cause, nameOf(cause))));
  });
});

/** The call that returns the codes of each service; any call can return the codes of the gateway. */
const CALLS: Readonly<Partial<Record<CatalogueService, Pick<Fault, 'service' | 'action'>>>> = {
  ecs: { service: 'ecs', action: 'ImportImage' },
  common: { service: 'ecs', action: 'ImportImage' },
  ram: { service: 'ram', action: 'GetRole' },
  oss: { service: 'oss', action: 'InitiateMultipartUpload' },
};

/** The service fixes these itself: it creates the role, restarts the upload, or renews the credentials. */
const FIXED_BY_THE_SERVICE = [
  /^NoSetRole/,
  /^InvalidOperation\.CloudBox/,
  /^EntityNotExist\.Role$/,
  /^InvalidPart$/,
  /^NoSuchUpload$/,
  /^SecurityTokenExpired$/,
];

const planted = [...CAUSES_OF_ALL, ...CAUSES_OF_ONE].flatMap(({ codes }) => codes);
/** The emulator does not have their causes: instances, snapshots, risk control. */
const others = (Object.keys(CALLS) as (keyof typeof CALLS)[]).flatMap((service) =>
  CATALOGUE[service]
    .filter((entry) => entry.class === 'attention' && !planted.includes(entry.code))
    .filter(({ code }) => !FIXED_BY_THE_SERVICE.some((one) => one.test(code)))
    .map(({ code }) => ({ service, code })),
);

describe('an error code whose cause the emulator does not have', () => {
  const stopAndResume = async ({ service: of, code }: (typeof others)[number], index: number) => {
    const { service } = stage;
    const call = CALLS[of];
    if (call === undefined) throw new Error(`no call answers for ${of}`);
    const name = `stops-${index}-x`;
    // The role is first checked with the image; only a second refusal stops the import.
    const times = of === 'ram' ? 2 : 1;
    await service.fault({
      ...call,
      times,
      match: name,
      kind: 'http',
      status: 403,
      code,
      message: 'as the test wants it',
    });
    await service.makeBucket(name);
    const id = await start(name);
    const stopped = await service.untilState(id, 'attention', 'failed', 'succeeded');
    await resume(id);
    const { state } = await service.untilState(id, 'succeeded', 'failed', 'cancelled');
    return {
      code,
      saw: stopped.attention?.code ?? stopped.state,
      remedy: (stopped.attention?.remedy ?? '') !== '',
      requestId: typeof stopped.attention?.requestId,
      state,
    };
  };

  test('stops the import with that code and a remedy, and resume finishes it', async () => {
    const chosen = shareOfCases(others, 2);
    const queue = chosen.map((one, index) => ({ one, index }));
    const seen: Awaited<ReturnType<typeof stopAndResume>>[] = [];
    const work = async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        seen.push(await stopAndResume(next.one, next.index));
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    const byCode = (one: { readonly code: string }, other: { readonly code: string }) =>
      one.code < other.code ? -1 : 1;
    const expected = chosen.map(({ code }) => ({
      code,
      saw: code,
      remedy: true,
      requestId: 'string',
      state: 'succeeded',
    }));
    expect(seen.sort(byCode)).toEqual(expected.sort(byCode));
    expect(others.length).toBeGreaterThan(10);
  });
});
