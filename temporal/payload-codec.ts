/**
 * Encrypts and authenticates the payloads that Temporal stores: arguments, results, failure details, heartbeats, memo.
 *
 * A payload is bound to the namespace and the workflow, and within a workflow to the activity, of the SDK's serialization
 * context. Decoding it elsewhere fails. What a call is for is bound by the value itself (domain/sealed.ts), because the SDK
 * gives a codec no workflow type.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { DAILY_SWEEP_WORKFLOW_ID } from '../domain/process-names.js';
import { type PlainValue, type RefusedValue, SEALED_PREFIX } from '../domain/sealed.js';
import type { Keyring, PayloadKey } from './keyring.js';

/** The SDK's samples and other tools know encrypted payloads by this name. */
export const ENCRYPTED = 'binary/encrypted';
export const KEY_FIELD = 'ecs-import-key';
/** JSON of the namespace, the workflow ID and the activity ID; not secret, as Temporal knows them. */
export const BOUND_FIELD = 'ecs-import-bound';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;
const DOMAIN = 'ecs-image-import payload 1';

/** The payload was not written by this service, or not for this workflow or activity. The message says why. */
export class PayloadRefused extends Error {
  override readonly name = 'PayloadRefused';
}

/** The payload may be valid, but its key is missing here. Another process may have it: the task is tried again. */
export class PayloadKeyMissing extends Error {
  override readonly name = 'PayloadKeyMissing';
  constructor(
    readonly keyId: string,
    readonly workflowId: string | null,
  ) {
    super(
      `payload key ${keyId}${workflowId === null ? '' : ` of workflow ${workflowId}`} is missing: add it to ECS_IMPORT_PAYLOAD_KEYS of this process; an embedded stack reads DIR/payload-keys, which is in its backup`,
    );
  }
}

export interface CodecOptions {
  readonly keyring: Keyring;
  /** Whether payloads of this workflow may be plain, because it was started before payloads were encrypted. */
  readonly mayBePlain: (workflowId: string) => Promise<boolean>;
  /** Whether payloads of running workflows may use this key. A payload with any other unknown key is forged. */
  readonly isNeeded: (keyId: string) => Promise<boolean>;
  /** Called when a key is missing. */
  readonly onMissing?: (missing: PayloadKeyMissing) => void;
  /**
   * `mark`: for workers. A refused payload becomes a `RefusedValue`, because an error would fail the workflow task, which
   * Temporal repeats without limit. `throw`: for clients; throws `PayloadRefused`.
   */
  readonly onRefused: 'mark' | 'throw';
}

export function createPayloadCodec(options: CodecOptions): PayloadCodec {
  const { keyring } = options;

  async function decode(payload: Payload, context: SerializationContext | undefined): Promise<Payload> {
    if (textOf(payload, 'encoding') !== ENCRYPTED) return await acceptPlain(payload, context);
    const bound = bindingOf(context);
    if (bound === null || textOf(payload, BOUND_FIELD) !== bound) {
      throw new PayloadRefused(`the payload was written for ${describe(textOf(payload, BOUND_FIELD))}`);
    }
    const inner = decrypt(await keyOf(payload, context), payload);
    // Only calls reach a workflow itself. Anything else that was written for it, such as its result, is no call.
    if (options.onRefused === 'mark' && context?.type === 'workflow' && !isCall(inner)) {
      throw new PayloadRefused('the payload is none of a call');
    }
    return inner;
  }

  async function keyOf(payload: Payload, context: SerializationContext | undefined): Promise<PayloadKey> {
    const keyId = textOf(payload, KEY_FIELD);
    const key = await keyring.find(keyId);
    if (key !== null) return key;
    if (!(await options.isNeeded(keyId))) throw new PayloadRefused(`payload key ${printed(keyId)} does not exist`);
    const missing = new PayloadKeyMissing(keyId, context?.workflowId ?? null);
    options.onMissing?.(missing);
    throw missing;
  }

  async function acceptPlain(payload: Payload, context: SerializationContext | undefined): Promise<Payload> {
    const workflowId = context?.workflowId;
    if (workflowId === undefined || !(await options.mayBePlain(workflowId))) {
      throw new PayloadRefused('the payload is not encrypted');
    }
    if (options.onRefused === 'throw' || context?.type !== 'workflow') return payload;
    return json({ sealed: 'plain', value: plainValue(payload) } satisfies PlainValue);
  }

  return {
    encode: async (payloads, context) => {
      const key = keyring.current();
      const bound = bindingOf(context) ?? UNBOUND;
      return payloads.map((payload) => encrypt(key, payload, bound));
    },
    decode: (payloads, context) =>
      Promise.all(
        payloads.map(async (payload) => {
          try {
            return await decode(payload, context);
          } catch (error) {
            if (options.onRefused === 'throw' || !(error instanceof PayloadRefused)) throw error;
            return json({ sealed: 'refused', reason: error.message } satisfies RefusedValue);
          }
        }),
      ),
  };
}

/**
 * For a user who may read everything: decrypts a payload of any workflow, as its binding says. Others stay as they are.
 * Throws `PayloadRefused` or `PayloadKeyMissing`.
 */
export async function decodeForReader(keyring: Keyring, payload: Payload): Promise<Payload> {
  if (textOf(payload, 'encoding') !== ENCRYPTED) return payload;
  const keyId = textOf(payload, KEY_FIELD);
  const key = await keyring.find(keyId);
  if (key === null) throw new PayloadKeyMissing(printed(keyId), null);
  return decrypt(key, payload);
}

/** Neither a workflow nor an activity: for the message of a failed task, which no process decodes. */
const UNBOUND = '[]';

/** Null: the SDK does not say whose payload it is. */
function bindingOf(context: SerializationContext | undefined): string | null {
  if (context?.workflowId === undefined) return null;
  const { namespace } = context;
  const workflowId = withoutTime(context.workflowId);
  if (context.type === 'workflow') return JSON.stringify([namespace, workflowId]);
  return context.activityId === undefined ? null : JSON.stringify([namespace, workflowId, context.activityId]);
}

/** Temporal appends the time to the ID of a workflow that a schedule starts. */
function withoutTime(workflowId: string): string {
  const isDaily = workflowId.startsWith(`${DAILY_SWEEP_WORKFLOW_ID}-`);
  return isDaily ? DAILY_SWEEP_WORKFLOW_ID : workflowId;
}

function describe(bound: string): string {
  const parts = parsed(bound);
  if (!Array.isArray(parts)) return 'nothing that this service knows';
  const [, workflowId, activityId] = parts;
  if (typeof workflowId !== 'string') return 'no workflow';
  return `${typeof activityId === 'string' ? `activity ${printed(activityId)} of ` : ''}workflow ${printed(workflowId)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** From an untrusted payload into a message. */
function printed(text: string): string {
  return JSON.stringify(text.slice(0, 100)).slice(1, -1);
}

function encrypt(key: PayloadKey, payload: Payload, bound: string): Payload {
  const header = Buffer.from(
    JSON.stringify(
      Object.fromEntries(
        Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
      ),
    ),
  );
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(header.length);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.secret, nonce);
  cipher.setAAD(additionalData(key.id, bound));
  const data = Buffer.concat([
    nonce,
    cipher.update(length),
    cipher.update(header),
    cipher.update(payload.data ?? new Uint8Array()),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return { metadata: metadata({ encoding: ENCRYPTED, [KEY_FIELD]: key.id, [BOUND_FIELD]: bound }), data };
}

/** Throws `PayloadRefused` if a byte was changed. */
function decrypt(key: PayloadKey, payload: Payload): Payload {
  const data = Buffer.from(payload.data ?? new Uint8Array());
  if (data.length < NONCE_BYTES + TAG_BYTES) throw new PayloadRefused('the payload is too short');
  const decipher = createDecipheriv(CIPHER, key.secret, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(key.id, textOf(payload, BOUND_FIELD)));
  decipher.setAuthTag(data.subarray(-TAG_BYTES));
  try {
    const inner = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    const dataAt = LENGTH_BYTES + inner.readUInt32BE();
    const header: Readonly<Record<string, string>> = JSON.parse(inner.toString('utf8', LENGTH_BYTES, dataAt));
    return {
      metadata: Object.fromEntries(
        Object.entries(header).map(([name, value]) => [name, Buffer.from(value, 'base64')] as const),
      ),
      data: inner.subarray(dataAt),
    };
  } catch (error) {
    throw new PayloadRefused(`the payload was changed, or key ${key.id} is another one`, { cause: error });
  }
}

/** No part can contain NUL: key IDs are checked, and JSON escapes it. */
function additionalData(keyId: string, bound: string): Buffer {
  return Buffer.from([DOMAIN, keyId, bound].join('\0'));
}

const CALL_START = Buffer.from(SEALED_PREFIX);

function isCall({ data }: Payload): boolean {
  return data != null && CALL_START.equals(data.subarray(0, CALL_START.length));
}

function textOf({ metadata: fields }: Payload, name: string): string {
  const value = fields?.[name];
  return value == null ? '' : Buffer.from(value).toString();
}

function metadata(fields: Readonly<Record<string, string>>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, Buffer.from(value)]));
}

function json(value: unknown): Payload {
  return { metadata: metadata({ encoding: 'json/plain' }), data: Buffer.from(JSON.stringify(value)) };
}

/** Earlier versions sent JSON and nothing else; an absent value has no data. */
function plainValue(payload: Payload): unknown {
  if (textOf(payload, 'encoding') !== 'json/plain') return null;
  return parsed(Buffer.from(payload.data ?? new Uint8Array()).toString());
}
