/** The schemas of the audit log. */
import { z } from 'zod';

export const auditEntrySchema = z.object({
  id: z.int(),
  at: z.iso.datetime(),
  identity: z.string().nullable().describe('ID of the identity; null: the request had none'),
  role: z.string().nullable(),
  address: z.string().nullable().describe('From which address the request came'),
  client: z.string().nullable().describe('As the client states it'),
  user: z.string().nullable().describe('As the client states it'),
  action: z.string().describe('Such as imports.start; sign-in: a request without an identity'),
  target: z.string().nullable().describe('The ID of an import, a batch or a key, or the path'),
  outcome: z.enum(['done', 'refused', 'failed', 'unknown']).describe('unknown: the process ended during the action'),
  status: z.int().nullable().describe('Of the response'),
  code: z.string().nullable().describe('Of the problem in the response'),
  count: z.int().describe('How many refused or failed requests the entry stands for'),
});

export const auditListSchema = z.object({ entries: z.array(auditEntrySchema), nextCursor: z.string().nullable() });

export const AUDIT_SCHEMAS = { AuditEntry: auditEntrySchema, AuditList: auditListSchema } as const;
