/** The bodies of sign-in. */
import { z } from 'zod';
import { ROLES } from '../domain/access/identity.js';

const identitySchema = z
  .object({
    id: z.string().describe('Stable, as in records: `local`, `token`, `key:PREFIX`'),
    name: z.string(),
    role: z.enum(ROLES),
    scope: z
      .object({
        accounts: z.array(z.string()).optional(),
        regions: z.array(z.string()),
        buckets: z.array(z.string()),
        tags: z.array(z.object({ key: z.string(), value: z.string() })),
        sourceRoots: z.array(z.string()),
      })
      .describe('What the identity is limited to, as patterns with `*`; an empty list allows all'),
  })
  .describe('Who sends a request');

const time = z.iso.datetime();

export const signInSchema = z.strictObject({
  code: z.string().min(1).max(100).describe('From the link that `ecs-image-import open` prints'),
});

export const signInCodeSchema = z.object({ code: z.string(), expiresAt: time });

export const startedSessionSchema = z.object({
  token: z.string().describe('Sent as X-Ecs-Import-Session with every request of the page'),
  expiresAt: time,
  identity: identitySchema,
});

export const sessionSchema = z.object({
  identity: identitySchema,
  expiresAt: time.nullable().describe('When the session of the page ends; null: the request carries a key'),
});
