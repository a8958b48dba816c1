/** The body of the codec endpoint: a list of payloads, as Temporal writes them in JSON. */
import { z } from 'zod';

const MAX_PAYLOADS = 1_000;
const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'must be base64');

/** Fields of a payload that newer versions of Temporal add are ignored. */
export const payloadsSchema = z.strictObject({
  payloads: z
    .array(
      z.object({
        metadata: z.record(z.string(), base64).default({}).describe('By name, as base64'),
        data: base64.default('').describe('As base64'),
      }),
    )
    .max(MAX_PAYLOADS)
    .default([]),
});
