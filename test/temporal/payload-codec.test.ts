/** Payloads that another client wrote, changed or copied never reach a workflow, an activity or a client of this service. */
import { randomBytes } from 'node:crypto';
import type { Payload, SerializationContext } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { seal } from '../../domain/sealed.js';
import { openKeyring } from '../../temporal/keyring.js';
import {
  BOUND_FIELD,
  type CodecOptions,
  createPayloadCodec,
  decodeForReader,
  KEY_FIELD,
  PayloadKeyMissing,
  PayloadRefused,
} from '../../temporal/payload-codec.js';

const FIRST = `first:${Buffer.alloc(32, 1).toString('base64')}`;
const SECOND = `second:${Buffer.alloc(32, 2).toString('base64')}`;
const OTHER_FIRST = `first:${Buffer.alloc(32, 3).toString('base64')}`;

const of = (workflowId: string, namespace = 'default'): SerializationContext => ({
  type: 'workflow',
  namespace,
  workflowId,
});
const activityOf = (workflowId: string, activityId: string): SerializationContext => ({
  ...{ type: 'activity', namespace: 'default', workflowId, activityId, isLocal: false },
});
const IMPORT = of('import/imp-1');
const CALL = seal({ kind: 'start', name: 'importImage' }, [{ importId: 'imp-1', source: 'file:///secret.qcow2' }]);

async function codecOf(keys: readonly string[], options: Partial<CodecOptions> = {}) {
  const keyring = await openKeyring({ kind: 'text', name: 'KEYS', text: keys.join('\n') });
  return createPayloadCodec({
    ...{ keyring, mayBePlain: async () => false, isNeeded: async () => false, onRefused: 'throw' },
    ...options,
  });
}

const toPayload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const toValue = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload ?? {});

async function encoded(value: unknown, context: SerializationContext | undefined, keys = [FIRST]): Promise<Payload> {
  const [payload] = await (await codecOf(keys)).encode([toPayload(value)], context);
  if (payload === undefined) throw new Error('no payload');
  return payload;
}

/** The decoded value, or the name of the error. */
async function decoded(
  payload: Payload,
  context: SerializationContext | undefined,
  keys: readonly string[] = [FIRST],
  options: Partial<CodecOptions> = {},
): Promise<unknown> {
  try {
    const [one] = await (await codecOf(keys, options)).decode([payload], context);
    return toValue(one);
  } catch (error) {
    return error instanceof Error ? error.name : error;
  }
}

test('a payload → contains neither its text nor its encoding, and decodes to the same value', async () => {
  const payload = await encoded(CALL, IMPORT);
  const bytes = Buffer.concat([payload.data ?? Buffer.alloc(0), ...Object.values(payload.metadata ?? {})]);
  expect(bytes.includes('secret.qcow2')).toBe(false);
  expect(bytes.includes('json/plain')).toBe(false);
  expect(await decoded(payload, IMPORT)).toEqual(CALL);
});

test.each([
  ['undefined', undefined],
  ['null', null],
  ['bytes', new Uint8Array([0, 255, 10])],
  ['a long text', 'x'.repeat(100_000)],
  ['text outside ASCII', 'Ünïcødé 镜像'],
])('%s → decodes to the same value', async (_, value) => {
  expect(await decoded(await encoded(value, IMPORT), IMPORT)).toEqual(value);
});

test('a payload that was written with a fixed key → still decodes (the format is stored in histories)', async () => {
  const stored: Payload = {
    metadata: {
      encoding: Buffer.from('binary/encrypted'),
      [KEY_FIELD]: Buffer.from('first'),
      [BOUND_FIELD]: Buffer.from('["default","import/imp-1"]'),
    },
    data: Buffer.from(VECTOR, 'base64'),
  };
  expect(await decoded(stored, IMPORT)).toEqual({ sealed: 1, kind: 'start', name: 'importImage', args: [] });
});
const VECTOR =
  'FtWbXlr2XMLmktI47nHNaaLyDItGpQ54qBr591pV9+CvrdIWLJya5D0zR2F0l5+2Ml6jjSBcxXj2Q2+J6pgTXsJfxWqEGs+K4Lrztf8sfL1tJX/JXt+Ffe4lNzvemC7fmeA69N7ZYjO4amJGTfS21uELh4P0FB1C+g==';

test('a changed byte in any place → is refused', async () => {
  const payload = await encoded(CALL, IMPORT);
  const data = Buffer.from(payload.data ?? []);
  for (let at = 0; at < data.length; at++) {
    const changed = Buffer.from(data);
    changed.writeUInt8(changed.readUInt8(at) ^ 0x01, at);
    expect([at, await decoded({ ...payload, data: changed }, IMPORT)]).toEqual([at, 'PayloadRefused']);
  }
});

test('a payload that is cut, extended or empty → is refused', async () => {
  const payload = await encoded(CALL, IMPORT);
  const data = Buffer.from(payload.data ?? []);
  const wrong = [Buffer.alloc(0), data.subarray(0, 12), data.subarray(0, 28), data.subarray(0, -1), data.subarray(1)];
  for (const one of [...wrong, Buffer.concat([data, Buffer.from([0])]), randomBytes(200)]) {
    expect(await decoded({ ...payload, data: one }, IMPORT)).toBe('PayloadRefused');
  }
});

test.each([
  ['another workflow', of('import/imp-2')],
  ['another namespace', of('import/imp-1', 'other')],
  ['an activity of the workflow', activityOf('import/imp-1', '1')],
  ['a standalone activity', { type: 'activity', namespace: 'default', activityId: '1', isLocal: false } as const],
  ['an unknown place', undefined],
])('a payload of a workflow, copied to %s → is refused, even if its own binding is changed', async (_, context) => {
  const payload = await encoded(CALL, IMPORT);
  expect(await decoded(payload, context)).toBe('PayloadRefused');
  const other = await encoded(CALL, context);
  const bound = other.metadata?.[BOUND_FIELD] ?? new Uint8Array();
  const moved = { ...payload, metadata: { ...payload.metadata, [BOUND_FIELD]: bound } };
  expect(await decoded(moved, context)).toBe('PayloadRefused');
});

test('the result of one activity, used as that of another one → is refused', async () => {
  const payload = await encoded({ objects: [] }, activityOf('import/imp-1', '3'));
  expect(await decoded(payload, activityOf('import/imp-1', '3'))).toEqual({ objects: [] });
  expect(await decoded(payload, activityOf('import/imp-1', '4'))).toBe('PayloadRefused');
});

test('IDs that are joined in another way → are another binding', async () => {
  const payload = await encoded('x', activityOf('a","b', 'c'));
  expect(await decoded(payload, activityOf('a', 'b","c'))).toBe('PayloadRefused');
});

test('runs of the daily schedule, to whose ID Temporal appends the time → share one binding', async () => {
  const payload = await encoded(CALL, of('orphans-daily-workflow'));
  expect(await decoded(payload, of('orphans-daily-workflow-2026-11-29T03:17:00Z'))).toEqual(CALL);
});

describe('a rotation', () => {
  test('old key after the new one → old and new payloads decode', async () => {
    const [old, fresh] = [await encoded(1, IMPORT, [FIRST]), await encoded(2, IMPORT, [SECOND, FIRST])];
    expect(Buffer.from(fresh.metadata?.[KEY_FIELD] ?? []).toString()).toBe('second');
    expect(await decoded(old, IMPORT, [SECOND, FIRST])).toBe(1);
    expect(await decoded(fresh, IMPORT, [FIRST, SECOND])).toBe(2);
  });

  test('another key under the same ID → is refused', async () => {
    expect(await decoded(await encoded(1, IMPORT, [OTHER_FIRST]), IMPORT, [FIRST])).toBe('PayloadRefused');
  });

  test('an unknown key that running imports need → an error that names the key, and is reported', async () => {
    const missing: string[] = [];
    const options: Partial<CodecOptions> = {
      ...{ isNeeded: async () => true, onRefused: 'mark' },
      onMissing: ({ keyId, workflowId }) => missing.push(`${keyId} ${workflowId}`),
    };
    expect(await decoded(await encoded(1, IMPORT, [SECOND]), IMPORT, [FIRST], options)).toBe('PayloadKeyMissing');
    expect(missing).toEqual(['second import/imp-1']);
    expect(new PayloadKeyMissing('second', 'import/imp-1').message).toContain('payload key second of workflow');
  });

  test('an unknown key that nothing needs → is refused as forged', async () => {
    expect(await decoded(await encoded(1, IMPORT, [SECOND]), IMPORT, [FIRST])).toBe('PayloadRefused');
  });
});

describe('a plain payload', () => {
  const asWorker = { onRefused: 'mark', mayBePlain: async (id: string) => id === 'import/imp-1' } as const;

  test('for a client → is refused, except of a workflow that is older than the encryption', async () => {
    expect(await decoded(toPayload({ a: 1 }), of('import/imp-2'), [FIRST])).toBe('PayloadRefused');
    const mayBePlain = async (id: string) => id === 'import/imp-1';
    expect(await decoded(toPayload({ a: 1 }), IMPORT, [FIRST], { mayBePlain })).toEqual({ a: 1 });
  });

  test('for a workflow → is a refused value, or a plain one of an old workflow; never the value itself', async () => {
    const forged = { sealed: 1, kind: 'start', name: 'importImage', args: [] };
    expect(await decoded(toPayload(forged), of('import/imp-2'), [FIRST], asWorker)).toEqual({
      ...{ sealed: 'refused', reason: 'the payload is not encrypted' },
    });
    expect(await decoded(toPayload(forged), IMPORT, [FIRST], asWorker)).toEqual({ sealed: 'plain', value: forged });
    expect(await decoded(toPayload(undefined), IMPORT, [FIRST], asWorker)).toEqual({ sealed: 'plain', value: null });
  });

  test('with the metadata of an encrypted one, but without encryption → is refused', async () => {
    const { metadata } = await encoded(CALL, IMPORT);
    const forged = { metadata: metadata ?? {}, data: Buffer.from(JSON.stringify(CALL)) };
    expect(await decoded(forged, IMPORT, [FIRST], asWorker)).toMatchObject({ sealed: 'refused' });
  });
});

test('the result of a workflow, sent to it as an argument → is refused: only calls reach a workflow', async () => {
  const result = await encoded({ state: 'succeeded' }, IMPORT);
  expect(await decoded(result, IMPORT)).toEqual({ state: 'succeeded' });
  expect(await decoded(result, IMPORT, [FIRST], { onRefused: 'mark' })).toMatchObject({ sealed: 'refused' });
});

test('a reader of everything → reads payloads of any workflow, and no changed one', async () => {
  const keyring = await openKeyring({ kind: 'text', name: 'KEYS', text: FIRST });
  const payload = await encoded(CALL, IMPORT);
  expect(toValue(await decodeForReader(keyring, payload))).toEqual(CALL);
  expect(toValue(await decodeForReader(keyring, toPayload('plain')))).toBe('plain');
  const changed = { ...payload, data: Buffer.from(payload.data ?? []).fill(0, 20, 21) };
  await expect(decodeForReader(keyring, changed)).rejects.toThrow(PayloadRefused);
});
