/** The body of `POST /v1/imports`: validated by all rules of a request, documented by its fields. */
import { z } from 'zod';
import { validateRequest } from '../domain/request/schema.js';
import { addProblems } from './validation.js';

export const importOrderSchema = z.unknown().transform((given, context) => {
  const checked = validateRequest(given);
  if (checked.ok) return { request: checked.request, warnings: checked.warnings, given };
  return addProblems(context, checked.problems);
});
