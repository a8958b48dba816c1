/** Changes of the requests of all imports of a batch, some of which have not started yet. */
import type { Context } from 'hono';
import { concernsScope } from '../../domain/access/may.js';
import { givenText } from '../../domain/request/problems.js';
import { forbidden, limitsIn } from './authorize.js';

/** Throws a 403 if the change may move imports out of the scope of the identity: nobody compares each of them. */
export function demandBatchChange(context: Context, set: Readonly<Record<string, unknown>>): void {
  if (limitsIn(context) === undefined) return;
  const problems = Object.entries(set)
    .filter(([path]) => concernsScope(path))
    .map(([path, value]) => ({
      path: `set.${path}`,
      rule: 'access.batch',
      given: givenText(JSON.stringify(value)),
      message: `set.${path} may move imports out of the scope: change it for each import, with the resume of an import`,
      vendorCode: null,
    }));
  if (problems.length > 0) throw forbidden(context, problems);
}
