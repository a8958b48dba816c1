/** The named schemas of the OpenAPI document. A route that validates with one of them refers to its name. */
import type { z } from 'zod';
import { importRequestSchema } from '../domain/request/schema.js';
import { AUDIT_SCHEMAS } from './audit-schemas.js';
import { BATCH_SCHEMAS, policyChangeSchema } from './batch-schemas.js';
import { CHANGE_SCHEMAS } from './change-schemas.js';
import { importOrderSchema } from './import-order.js';
import { inspectionListSchema, inspectionRequestSchema, inspectionSchema } from './inspection-schema.js';
import { KEY_SCHEMAS } from './key-schemas.js';
import { OVERVIEW_SCHEMAS } from './overview-schemas.js';
import { payloadsSchema } from './payload-schema.js';
import {
  acceptedRequestSchema,
  cancelSchema,
  eventSchema,
  fileListSchema,
  findingSchema,
  healthSchema,
  holdListSchema,
  holdRequestSchema,
  holdSchema,
  importListSchema,
  importReportSchema,
  importSchema,
  listedImportSchema,
  openApiSchema,
  orphanSweepInputSchema,
  orphanSweepSchema,
  problemSchema,
  readySchema,
  reconcileInputSchema,
  reconciliationSchema,
  releaseRequestSchema,
  resumeAllSchema,
  resumedAllSchema,
  resumeSchema,
  startedImportSchema,
  waitingCausesSchema,
} from './schemas.js';
import { sessionSchema, signInCodeSchema, signInSchema, startedSessionSchema } from './session-schemas.js';
import { WEBHOOK_SCHEMAS } from './webhook-schemas.js';

export const SCHEMAS = {
  ImportRequest: importRequestSchema,
  AcceptedRequest: acceptedRequestSchema,
  Import: importSchema,
  StartedImport: startedImportSchema,
  ImportReport: importReportSchema,
  ListedImport: listedImportSchema,
  ImportList: importListSchema,
  Event: eventSchema,
  FileList: fileListSchema,
  Finding: findingSchema,
  InspectionRequest: inspectionRequestSchema,
  Inspection: inspectionSchema,
  InspectionList: inspectionListSchema,
  Problem: problemSchema,
  Cancel: cancelSchema,
  Resume: resumeSchema,
  HoldRequest: holdRequestSchema,
  ReleaseRequest: releaseRequestSchema,
  Hold: holdSchema,
  HoldList: holdListSchema,
  OrphanSweepInput: orphanSweepInputSchema,
  OrphanSweep: orphanSweepSchema,
  ReconcileInput: reconcileInputSchema,
  Reconciliation: reconciliationSchema,
  ResumeAll: resumeAllSchema,
  ResumedAll: resumedAllSchema,
  WaitingCauses: waitingCausesSchema,
  SignIn: signInSchema,
  SignInCode: signInCodeSchema,
  StartedSession: startedSessionSchema,
  Session: sessionSchema,
  Health: healthSchema,
  Readiness: readySchema,
  OpenApi: openApiSchema,
  Payloads: payloadsSchema,
  ...CHANGE_SCHEMAS,
  ...OVERVIEW_SCHEMAS,
  ...AUDIT_SCHEMAS,
  ...KEY_SCHEMAS,
  ...BATCH_SCHEMAS,
  ...WEBHOOK_SCHEMAS,
} as const;

export type SchemaName = keyof typeof SCHEMAS;

/** Schemas with rules that OpenAPI cannot express, with the name of the schema that documents them. */
const CHECKED_AS: readonly (readonly [z.ZodType, SchemaName])[] = [
  [importOrderSchema, 'ImportRequest'],
  [policyChangeSchema, 'BatchPolicy'],
];

/** Null for an unnamed schema. */
export function schemaNameOf(schema: unknown): SchemaName | null {
  const checked = CHECKED_AS.find(([one]) => one === schema);
  if (checked !== undefined) return checked[1];
  for (const name in SCHEMAS) if (isSchemaName(name) && SCHEMAS[name] === schema) return name;
  return null;
}

function isSchemaName(name: string): name is SchemaName {
  return Object.hasOwn(SCHEMAS, name);
}
