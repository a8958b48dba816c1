/** The schemas of API keys. */
import { z } from 'zod';
import { ROLES } from '../domain/access/identity.js';
import { scopeSchema } from '../domain/access/scope-schema.js';

const DAY_S = 24 * 60 * 60;
const MOST_S = 3_650 * DAY_S;
const time = z.iso.datetime();
const seconds = z.int().min(60).max(MOST_S);

export const newKeySchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[^\p{Cc}\p{Surrogate}]*$/u, 'must be one line of text')
    .exactOptional()
    .describe('For people; absent: the prefix of the key'),
  role: z.enum(ROLES).describe('viewer reads, operator also starts and changes imports, admin may do everything'),
  scope: scopeSchema.prefault({}).describe('What the key is limited to'),
  expiresInSeconds: seconds
    .nullable()
    .default(90 * DAY_S)
    .describe('When the key expires; null: never'),
});

export const rotationSchema = z.strictObject({
  overlapSeconds: z
    .int()
    .min(0)
    .max(90 * DAY_S)
    .default(DAY_S)
    .describe('How long the earlier secret stays valid'),
  expiresInSeconds: seconds
    .nullable()
    .exactOptional()
    .describe('When the new secret expires; null: never; absent: after the same time as the earlier one'),
});

export const revocationSchema = z.strictObject({});

export const keySchema = z.object({
  prefix: z.string().describe('The visible part of the key, and its ID'),
  name: z.string(),
  role: z.enum(ROLES),
  scope: scopeSchema,
  state: z.enum(['active', 'expired', 'revoked']),
  createdAt: time,
  createdBy: z.string().describe('ID of the identity'),
  revokedAt: time.nullable(),
  revokedBy: z.string().nullable(),
  secrets: z
    .array(z.object({ createdAt: time, expiresAt: time.nullable(), lastUsedAt: time.nullable() }))
    .describe('The newest first; after a rotation, the earlier one is valid until it expires'),
});

export const createdKeySchema = keySchema.extend({
  key: z.string().describe('The key, which is sent as Authorization: Bearer KEY. It is not shown again'),
});

export const keyListSchema = z.object({ keys: z.array(keySchema), nextCursor: z.string().nullable() });

/** Schemas of request bodies. */
export const KEY_REQUESTS = {
  NewKey: newKeySchema,
  KeyRotation: rotationSchema,
  KeyRevocation: revocationSchema,
} as const;

export const KEY_SCHEMAS = {
  ...KEY_REQUESTS,
  Key: keySchema,
  CreatedKey: createdKeySchema,
  KeyList: keyListSchema,
} as const;
