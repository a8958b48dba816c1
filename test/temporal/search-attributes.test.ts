import { ServiceError } from '@temporalio/client';
import { expect, test } from 'vitest';
import {
  SEARCH_ATTRIBUTES,
  searchChanges,
  searchOfRequest,
  searchPairs,
  summaryOf,
} from '../../domain/search-attributes.js';
import { withSearch } from '../../imports/search-use.js';
import { register } from '../../temporal/search-attributes.js';

const KEYWORD = 2;
const TEXT = 1;
const NAMES = Object.values(SEARCH_ATTRIBUTES);

function grpcError(code: number, details: string): Error {
  return Object.assign(new Error(details), { code, details, metadata: {} });
}

/** An operator service that has these attributes. */
function operatorWith(known: Record<string, number>, refusal: Error | null = null) {
  const added: string[] = [];
  const service = {
    listSearchAttributes: async () => ({ customAttributes: known }),
    async addSearchAttributes({ searchAttributes }: { searchAttributes?: Record<string, number> | null }) {
      if (refusal !== null) throw refusal;
      added.push(...Object.keys(searchAttributes ?? {}));
      return {};
    },
  };
  return { added, service: service as unknown as Parameters<typeof register>[0] };
}

test('some attributes are missing → only these are registered', async () => {
  const [first = '', ...others] = NAMES;
  const { service, added } = operatorWith({ [first]: KEYWORD });
  expect(await register(service, 'default')).toEqual({ kind: 'registered' });
  expect(added).toEqual(others);
});

test.each([
  ['PERMISSION_DENIED', 7],
  ['UNIMPLEMENTED', 12],
  ['RESOURCE_EXHAUSTED', 8],
])('the operator service answers %s → workflows start without attributes, and the reason is known', async (_, code) => {
  const { service } = operatorWith({}, grpcError(code, 'not allowed here'));
  expect(await register(service, 'default')).toEqual({ kind: 'missing', reason: 'not allowed here' });
});

test('a name is used with another type → nothing is registered, and the reason names it', async () => {
  const { service, added } = operatorWith({ [SEARCH_ATTRIBUTES.name]: TEXT });
  expect(await register(service, 'default')).toMatchObject({ reason: expect.stringContaining('EcsImportName') });
  expect(added).toEqual([]);
});

test('the server cannot be reached → rejected, so that it is checked again soon', async () => {
  const { service } = operatorWith({}, grpcError(14, 'no connection'));
  await expect(register(service, 'default')).rejects.toThrow('no connection');
});

test('a start with attributes is refused → started once without them', async () => {
  const calls: boolean[] = [];
  let refusals = 0;
  const search = { isUsable: () => true, refused: () => void refusals++ };
  const refusal = grpcError(3, 'Namespace default has no mapping defined for search attribute EcsImportRegion');
  const result = await withSearch(search, async (has) => {
    calls.push(has);
    if (has) throw new ServiceError('Failed to start Workflow', { cause: refusal });
    return 'started';
  });
  expect({ result, calls, refusals }).toEqual({ result: 'started', calls: [true, false], refusals: 1 });
  const other = new ServiceError('Failed', { cause: grpcError(3, 'the ID is too long') });
  await expect(withSearch(search, () => Promise.reject(other))).rejects.toBe(other);
});

test('an import → only what its list shows is in the clear, without source, description and tags', () => {
  const request = {
    region: 'cn-hangzhou',
    imageName: 'web-01',
    description: 'secret-1',
    tags: { team: 'secret-2' },
    disks: [{ source: 'https://user:secret-3@example.com/a.img?token=secret-4' }],
    upload: { bucket: 'images', prefix: 'secret-5/' },
  } as unknown as Parameters<typeof searchOfRequest>[0];
  const values = searchOfRequest(request, { client: 'secret-6', user: 'ann@laptop', identity: null });
  expect(values).toEqual({
    region: 'cn-hangzhou',
    bucket: 'images',
    name: 'web-01',
    owner: 'ann@laptop',
    state: 'running',
  });
});

test('a long value → cut to what an SQL database of Temporal stores; null removes a value only in a change', () => {
  const [pair] = searchPairs({ owner: '像'.repeat(300), code: null });
  expect(pair?.value).toBe('像'.repeat(255));
  expect(searchPairs({ code: null })).toEqual([]);
  expect(searchChanges({ code: null })).toHaveLength(1);
});

test('a long summary → at most 110 bytes, without half a character', () => {
  const summary = summaryOf('像'.repeat(128));
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(110);
  expect(summary).toMatch(/^像+…$/);
  expect(summaryOf('web-01 → cn-hangzhou')).toBe('web-01 → cn-hangzhou');
});
