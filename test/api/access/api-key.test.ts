/** An API key is accepted while it is valid, and its use is recorded now and then. */
import { beforeEach, expect, test, vi } from 'vitest';
import { keyAuthenticator, makeKey } from '../../../api/access/api-key.js';
import { UNLIMITED } from '../../../domain/access/identity.js';
import type { ValidKey } from '../../../store/api-keys.js';

const made = makeKey();
let valid: ValidKey | null;
const find = vi.fn(async (prefix: string, digest: Buffer) =>
  prefix === made.prefix && digest.equals(made.digest) ? valid : null,
);
const used = vi.fn(async () => undefined);
const request = (key: string) => new Request('http://localhost/', { headers: { authorization: `Bearer ${key}` } });

beforeEach(() => {
  vi.clearAllMocks();
  valid = { prefix: made.prefix, name: 'web', role: 'operator', scope: UNLIMITED, expiresInMs: null };
});

test('a valid key → its identity, one read and one use for many requests', async () => {
  const { authenticator } = keyAuthenticator({ find, used });
  for (let n = 0; n < 5; n++) {
    expect(await authenticator(request(made.key))).toEqual({
      ...{ id: `key:${made.prefix}`, name: 'web', role: 'operator', scope: UNLIMITED },
    });
  }
  expect(find).toHaveBeenCalledTimes(1);
  expect(used).toHaveBeenCalledTimes(1);
});

test('a key that is revoked in this process → refused by the next request', async () => {
  const { authenticator, forget } = keyAuthenticator({ find, used });
  await authenticator(request(made.key));
  valid = null;
  forget();
  expect(await authenticator(request(made.key))).toBeNull();
});

test('a key that is about to expire → not kept after that', async () => {
  const { authenticator } = keyAuthenticator({ find, used });
  valid = { ...valid, expiresInMs: 0 } as ValidKey;
  await authenticator(request(made.key));
  valid = null;
  expect(await authenticator(request(made.key))).toBeNull();
});

test('the use cannot be recorded → accepted, and recorded by the next request', async () => {
  const { authenticator } = keyAuthenticator({ find, used });
  used.mockRejectedValueOnce(new Error('away'));
  expect(await authenticator(request(made.key))).not.toBeNull();
  await authenticator(request(made.key));
  expect(used).toHaveBeenCalledTimes(2);
});

test.each([
  ['another secret of the prefix', made.key.replace(/.{3}$/, 'zzz')],
  ['no secret', `eii_${made.prefix}_`],
  ['another token', 'secret'],
  ['a longer key', `${made.key}x`],
])('%s → no identity', async (_what, key) => {
  const { authenticator } = keyAuthenticator({ find, used });
  expect(await authenticator(request(key))).toBeNull();
  expect(used).not.toHaveBeenCalled();
});

test('two keys → different secrets and prefixes, and the digest is not the key', () => {
  const other = makeKey();
  expect(other.prefix).not.toBe(made.prefix);
  expect(other.key.slice(-20)).not.toBe(made.key.slice(-20));
  expect(made.digest.toString('hex')).toMatch(/^[0-9a-f]{64}$/);
  expect(makeKey(made.prefix).key).toContain(`eii_${made.prefix}_`);
});
