/** The shape of a scope, as keys and the configuration of providers state it. */
import { z } from 'zod';
import type { Scope } from './identity.js';
import { isRoot } from './patterns.js';

const MOST_PATTERNS = 100;
const MOST_CHARACTERS = 300;

const text = z
  .string()
  .max(MOST_CHARACTERS)
  .regex(/^[^\p{Cc}\p{Surrogate}]*$/u, 'must be one line of text');
const pattern = text.min(1);
const list = (one: z.ZodType<string, string>, description: string) =>
  z.array(one).max(MOST_PATTERNS).default([]).describe(description);

export const scopeSchema = z.strictObject({
  accounts: z
    .array(text)
    .max(MOST_PATTERNS)
    .exactOptional()
    .describe(
      'Names of configured accounts, with *; an empty name is the account of the worker’s own credentials. Absent: an admin may use all accounts, another role only that of the worker’s own credentials',
    ),
  regions: list(pattern, 'Regions, such as cn-*; empty: all'),
  buckets: list(pattern, 'Buckets, such as team-a-*, also those of sources in OSS; empty: all'),
  tags: z
    .array(z.strictObject({ key: pattern, value: text.describe('With *') }))
    .max(MOST_PATTERNS)
    .default([])
    .describe('Tags that an import must have: one of the values of each key; empty: any'),
  sourceRoots: list(
    pattern.refine(isRoot, 'must be a folder such as /images/team-a, https://host/path or oss://bucket/prefix'),
    'Folders and addresses below which sources are; * stands for a part of a name; empty: all',
  ),
}) satisfies z.ZodType<Scope>;
