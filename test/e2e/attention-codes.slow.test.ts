/** Every code of the catalogue that asks for a person: the import stops with it, and goes on once it is mended. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CATALOGUE, type CatalogueService } from '../../domain/catalogue/index.js';
import { type Fault, type Service, startService } from './service.js';

/** The call that answers with the codes of each service; those of the gateway come from any of them. */
const CALLS: Readonly<Partial<Record<CatalogueService, Pick<Fault, 'service' | 'action'>>>> = {
  ecs: { service: 'ecs', action: 'ImportImage' },
  common: { service: 'ecs', action: 'ImportImage' },
  ram: { service: 'ram', action: 'GetRole' },
  oss: { service: 'oss', action: 'InitiateMultipartUpload' },
};

/** Mended by the service itself: the role is made, the upload begun again, fresh keys are asked for. */
const MENDED_BY_ITSELF = [
  /^NoSetRole/,
  /^InvalidOperation\.CloudBox/,
  /^EntityNotExist\.Role$/,
  /^InvalidPart$/,
  /^NoSuchUpload$/,
  /^SecurityTokenExpired$/,
];

const codes = (Object.keys(CALLS) as (keyof typeof CALLS)[]).flatMap((service) =>
  CATALOGUE[service]
    .filter((entry) => entry.class === 'attention')
    .filter(({ code }) => !MENDED_BY_ITSELF.some((one) => one.test(code)))
    .map(({ code }) => ({ service, code })),
);

let service: Service;

beforeAll(async () => {
  service = await startService();
  await service.settings({ importSeconds: 0.2, detectionSeconds: 0.1 });
});
afterAll(() => service?.stop());

/** What the import did on its way, for a comparison that shows every code that went wrong. */
async function stopAndResume({ service: of, code }: (typeof codes)[number], index: number) {
  const call = CALLS[of];
  if (call === undefined) throw new Error(`no call answers for ${of}`);
  const name = `stops-${index}-x`;
  await service.fault({ ...call, match: name, kind: 'http', status: 403, code, message: 'as the test wants it' });
  await service.makeBucket(name);
  const id = await service.start({ imageName: name, roleName: name, upload: { bucket: name, prefix: `${name}/` } });
  const stopped = await service.untilState(id, 'attention', 'failed', 'succeeded');
  const saw = stopped.attention === null ? stopped.state : stopped.attention.code;
  const remedy = (stopped.attention?.remedy ?? '') !== '';
  await service.request('POST', `/v1/imports/${id}/resume`, {});
  const { state } = await service.untilState(id, 'succeeded', 'failed', 'cancelled');
  return { code, saw, remedy, state };
}

describe('each code that a person can mend', () => {
  test('stops the import under its own name with a remedy, and resume finishes it', async () => {
    const queue = codes.map((one, index) => ({ one, index }));
    const seen: Awaited<ReturnType<typeof stopAndResume>>[] = [];
    const work = async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        seen.push(await stopAndResume(next.one, next.index));
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    const expected = codes.map(({ code }) => ({ code, saw: code, remedy: true, state: 'succeeded' }));
    const byCode = (one: { readonly code: string }, other: { readonly code: string }) =>
      one.code < other.code ? -1 : 1;
    expect(seen.sort(byCode)).toEqual([...expected].sort(byCode));
    expect(codes.length).toBeGreaterThan(20);
  });
});
