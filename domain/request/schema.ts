/** Validates a request. Returns all problems, or the request with all defaults that do not depend on the image. */
import { z } from 'zod';
import { parseObjectLocation } from '../object-location.js';
import { normalizeBody } from './accepted-spellings.js';
import { exceededBound } from './bounds.js';
import { firstProblems, givenText, problemsOf } from './problems.js';
import type { ImportRequest, RequestProblem, Validation } from './request.js';
import { checkAcrossFields, osTypeOf } from './rules.js';
import { importRequestSchema, type ParsedRequest } from './shape.js';

export { importRequestSchema } from './shape.js';

export function validateRequest(given: unknown): Validation {
  const exceeded = exceededBound(given);
  if (exceeded !== null) return { ok: false, problems: [exceeded], warnings: [] };
  const { body, ...normalized } = normalizeBody(given);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const message = 'the request must be an object, e.g. { "region": "cn-hangzhou", "imageName": "web-01", … }';
    return {
      ok: false,
      problems: [{ path: '', rule: 'request.type', given: givenText(given), message, vendorCode: null }],
      warnings: [],
    };
  }
  const parsed = importRequestSchema.safeParse(body);
  const acrossFields = checkAcrossFields(body);
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error.issues, body, (path) => fieldNamesAt(importRequestSchema, path))),
    ...normalized.problems,
    ...acrossFields.problems,
  ];
  const warnings = [...normalized.warnings, ...acrossFields.warnings];
  if (!parsed.success || problems.length > 0)
    return { ok: false, problems: firstProblems(inOrder(problems)), warnings };
  return { ok: true, request: complete(parsed.data), warnings };
}

/** Fills in values that follow from the request: the bucket of its objects, and the osType of its platform. */
function complete({ upload, ...request }: ParsedRequest): ImportRequest {
  const bucket = upload.bucket ?? parseObjectLocation(request.disks[0]?.source ?? '')?.bucket ?? '';
  const osType = request.osType ?? (request.platform === undefined ? undefined : osTypeOf(request.platform));
  return { ...request, ...(osType === undefined ? {} : { osType }), upload: { ...upload, bucket } };
}

/** The field names of a schema at a path, for suggestions for unknown names. */
export function fieldNamesAt(root: unknown, path: readonly PropertyKey[]): readonly string[] {
  let schema = root;
  for (const part of path) {
    const inner = unwrapped(schema);
    schema = typeof part === 'number' && inner instanceof z.ZodArray ? inner.element : fieldOf(inner, part);
  }
  const object = unwrapped(schema);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function fieldOf(schema: unknown, name: PropertyKey): unknown {
  return schema instanceof z.ZodObject ? Reflect.get(schema.shape, name) : undefined;
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodExactOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? unwrapped(schema.unwrap())
    : schema;
}

/** Sorts problems in the order of the schema's fields, and removes a second problem with the same path and rule. */
function inOrder(problems: readonly RequestProblem[]): readonly RequestProblem[] {
  const fields = Object.keys(importRequestSchema.shape);
  const rank = ({ path }: RequestProblem) => {
    const index = fields.indexOf(/^\w*/.exec(path)?.[0] ?? '');
    return index === -1 ? fields.length : index;
  };
  const unique = new Map(problems.map((problem) => [`${problem.path} ${problem.rule}`, problem]));
  return [...unique.values()].sort((one, other) => rank(one) - rank(other));
}
