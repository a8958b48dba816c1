/** `doctor --verify-against-cloud`: shows what the cloud answers next to what is assumed, and changes nothing. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CloudCheckup } from '../../alibaba/checkup.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { staticCredentials } from '../../alibaba/credentials.js';
import { verifyAssumptions } from '../../alibaba/verify-assumptions.js';
import {
  ACCOUNT_KEYS,
  BUCKET,
  type Keys,
  type LocalCloud,
  REGION,
  startCloud,
} from '../support/emulator/local-cloud.js';

let local: LocalCloud;

beforeEach(async () => {
  local = await startCloud();
  local.makeBucket(BUCKET);
  local.makeRole();
});

afterEach(() => local.close());

function setup(change: Partial<CloudCheckup> = {}, keys: Keys = ACCOUNT_KEYS): CloudCheckup {
  const url = `http://${local.address}`;
  const endpoints = { ecs: url, ram: url, sts: url, oss: url };
  return {
    cloud: createCloud({ endpoints, credentials: staticCredentials(keys), timeoutMs: 5_000 }),
    ...{ endpoints, region: REGION, bucket: BUCKET, role: 'ensure', roleName: null, cloudBox: false },
    ...{ copyTo: [], share: false, unique: 'doctor0123456789' },
    ...change,
  };
}

test('a cloud that behaves as assumed → each check without changes shows it, and changes nothing', async () => {
  const count = () => {
    const { images, tasks, uploads, objects, roles, policies, snapshots } = local.world;
    return [images, tasks, uploads, objects, roles, policies, snapshots].map((records) => [...records.values()].length);
  };
  const before = count();
  const results = await verifyAssumptions(setup());
  for (const { id, checkedBy, outcome, seen } of results) {
    expect({ id, outcome }).toEqual({ id, outcome: checkedBy === 'doctor' ? 'as-assumed' : 'by-hand' });
    expect(seen === null).toBe(checkedBy === 'hand');
  }
  expect(count()).toEqual(before);
});

test.each([
  ['oss', 'GetObject', 'public-endpoint-read', 'InvalidArgument', 'different'],
  ['ecs', 'DescribeTaskAttribute', 'unknown-task', 'InvalidParameter', 'different'],
  ['ecs', 'DeleteImage', 'delete-unknown-image', 'Forbidden.RAM', 'not-seen'],
  ['ecs', 'DeleteSnapshot', 'delete-unknown-snapshot', 'ServiceUnavailable', 'not-seen'],
])('%s %s for %s answers %s → %s, with the answer', async (service, action, id, code, outcome) => {
  const response = await fetch(`http://${local.address}/_emulator/faults`, {
    method: 'POST',
    body: JSON.stringify({ service, action, kind: 'http', status: 400, code, message: 'no', times: -1 }),
  });
  expect(response.ok).toBe(true);
  const results = await verifyAssumptions(setup());
  expect(results.find((result) => result.id === id)).toMatchObject({ outcome, seen: expect.stringContaining(code) });
});

test('without region and bucket, or without permissions → nothing counts as seen that was not', async () => {
  const without = await verifyAssumptions(setup({ region: null, bucket: null }));
  expect(without.filter(({ outcome }) => outcome === 'as-assumed').map(({ id }) => id)).toEqual(['caller-identity']);
  const denied = await verifyAssumptions(setup({}, local.makeUser('nobody', { Version: '1', Statement: [] })));
  expect(denied.filter(({ outcome }) => outcome === 'as-assumed').map(({ id }) => id)).toEqual(['caller-identity']);
  expect(denied.filter(({ outcome }) => outcome === 'different')).toEqual([]);
});
