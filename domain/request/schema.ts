/** Validates a request whole: every problem at once, or the request with all defaults that do not depend on the image. */
import { z } from 'zod';
import { parseObjectLocation } from '../object-location.js';
import { understand } from './accepted-spellings.js';
import { givenText, problemsOf } from './problems.js';
import type { ImportRequest, RequestProblem, Validation } from './request.js';
import { checkTogether, osTypeOf } from './rules.js';
import { importRequestSchema, type ParsedRequest } from './shape.js';

export { importRequestSchema } from './shape.js';

export function validateRequest(given: unknown): Validation {
  const { body, ...understood } = understand(given);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const message = 'the request has to be one object, e.g. { "region": "cn-hangzhou", "imageName": "web-01", … }';
    return {
      ok: false,
      problems: [{ path: '', rule: 'request.type', given: givenText(given), message, vendorCode: null }],
      warnings: [],
    };
  }
  const parsed = importRequestSchema.safeParse(body);
  const together = checkTogether(body);
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error.issues, body, (path) => fieldNamesAt(importRequestSchema, path))),
    ...understood.problems,
    ...together.problems,
  ];
  const warnings = [...understood.warnings, ...together.warnings];
  if (!parsed.success || problems.length > 0) return { ok: false, problems: inOrder(problems), warnings };
  return { ok: true, request: complete(parsed.data), warnings };
}

/** What follows from the request itself: the bucket that its objects are in, and the kind of system that a platform is. */
function complete({ upload, ...request }: ParsedRequest): ImportRequest {
  const bucket = upload.bucket ?? parseObjectLocation(request.disks[0]?.source ?? '')?.bucket ?? '';
  const osType = request.osType ?? (request.platform === undefined ? undefined : osTypeOf(request.platform));
  return { ...request, ...(osType === undefined ? {} : { osType }), upload: { ...upload, bucket } };
}

/** The names that a schema knows at a path, for the nearest one to a name that it does not know. */
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

/** In the order of the schema's fields; two rules that say the same of one field count once. */
function inOrder(problems: readonly RequestProblem[]): readonly RequestProblem[] {
  const fields = Object.keys(importRequestSchema.shape);
  const rank = ({ path }: RequestProblem) => {
    const index = fields.indexOf(/^\w*/.exec(path)?.[0] ?? '');
    return index === -1 ? fields.length : index;
  };
  const unique = new Map(problems.map((problem) => [`${problem.path} ${problem.rule}`, problem]));
  return [...unique.values()].sort((one, other) => rank(one) - rank(other));
}
