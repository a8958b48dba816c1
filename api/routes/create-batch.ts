/** `POST /v1/batches`: reads the parameters of a batch file and responds with the batch or the problems. */
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { BatchOrder, CreateOutcome } from '../../batches/create.js';
import { HEADER_FIELDS } from '../../batches/file/entries.js';
import { type BatchFormat, formatOf, MEDIA_TYPES } from '../../batches/file/formats.js';
import { MAX_BATCH_BYTES } from '../../batches/take-in.js';
import type { BadItem } from '../../domain/batch/batch.js';
import type { RequestProblem } from '../../domain/request/request.js';
import { identityOf } from '../access/authenticate.js';
import { forbidden, isVisible, limitsIn, scopeProblems } from '../access/authorize.js';
import { ownKey } from '../access/own-key.js';
import { problem as answer, answers, json, schemaPath } from '../answers.js';
import type { ApiDependencies } from '../dependencies.js';
import { type ProblemError, problem } from '../problems.js';
import { BODY_IDLE_MS, bodyChunks, malformed } from '../request-body.js';
import { requesterOf } from '../requester.js';
import { parameter, routes } from '../route.js';
import { findBatch } from './batches.js';

const RETRY_AFTER_S = 5;

/** The limit of problems in `errors`; `badItems` contains those of the first thousand items. */
const MOST_ERRORS = 200;

export const batchQuery = z.strictObject({
  name: parameter.text('Name of the batch; overrides the name in the file'),
  policy: parameter.object('JSON object whose fields override the policy in the file'),
  defaults: parameter.object('JSON object whose fields override the defaults in the file'),
  fallbacks: parameter.object(
    'JSON object of values that the defaults in the file override, such as a user’s settings',
  ),
  skipInvalid: parameter.flag('true: start the valid items even if others are invalid'),
  base: parameter.folder('Base folder of relative sources: file:///folder/'),
});

/** For the document only: the file is validated item by item while it is received. */
const TEXT = { schema: { type: 'string' } } as const;
export const batchFileBody = {
  content: {
    [MEDIA_TYPES.json]: { schema: { $ref: schemaPath('BatchFile') } },
    ...Object.fromEntries(
      Object.values(MEDIA_TYPES).flatMap((type) => (type === MEDIA_TYPES.json ? [] : [[type, TEXT]])),
    ),
  },
};

const create = createRoute({
  method: 'post',
  path: '/v1/batches',
  operationId: 'createBatch',
  tags: ['Batches'],
  summary: 'Start the imports of a batch file; none start unless all items are valid',
  request: {
    query: batchQuery,
    headers: z.object({
      'Idempotency-Key': z
        .string()
        .max(255)
        .optional()
        .describe('The same key and file return the same batch; another file is rejected'),
    }),
    body: batchFileBody,
  },
  responses: answers({
    202: json('Accepted; Location is the URL of the batch', 'CreatedBatch'),
    400: answer('The file is invalid; badItems[] lists every invalid item with its line'),
    408: answer('The file did not arrive in time'),
    409: answer('Another request is sending a file with this name or key'),
    415: answer('The content type is not that of a batch file'),
    422: answer('The name or the key was used for another file'),
    503: answer('Too many batch files are being received; Retry-After says when to send the file again'),
  }),
});

export function createBatchRoutes({ batches, access }: Pick<ApiDependencies, 'batches' | 'access'>): OpenAPIHono {
  const app = routes();
  app.openapi(create, async (context) => {
    const idempotencyKey = ownKey(identityOf(context), context.req.valid('header')['Idempotency-Key'] || null);
    const format = demandFormat(context.req.header('content-type') ?? '');
    const order = {
      ...orderOf(format, context.req.valid('query'), idempotencyKey),
      by: requesterOf(context),
      ...(limitsIn(context) === undefined ? {} : { outsideScope: scopeProblems(context, 'batches.create') }),
    };
    const { body } = context.req.raw;
    if (body === null) throw malformed('the body is empty', 'Send the batch file as the body.');
    const limits = { maxBytes: Number.POSITIVE_INFINITY, idleMs: BODY_IDLE_MS };
    const outcome = await batches.create(order, bodyChunks(body, limits));
    const other = otherBatch(outcome);
    if (other !== null && !(await isVisible(context, access, 'batches', other))) throw nameInUse(outcome.kind);
    if (outcome.kind === 'badItems' && isAllOutsideScope(outcome.bad)) {
      throw forbidden(context, outcome.bad.flatMap(errorsOf).slice(0, MOST_ERRORS));
    }
    if (outcome.kind !== 'created') throw refusal(outcome, order);
    const { batchId, skipped, skippedCount } = outcome;
    context.set('auditTarget', batchId);
    const view = await findBatch(batches, batchId);
    return context.json({ ...view, ...(skippedCount === 0 ? {} : { skippedItems: skipped }) }, 202, {
      location: `/v1/batches/${batchId}`,
    });
  });
  return app;
}

/** The batch of another request that the response would show; null: none. */
function otherBatch(outcome: CreateOutcome): string | null {
  if (outcome.kind === 'created') return outcome.isNew ? null : outcome.batchId;
  return outcome.kind === 'conflict' || outcome.kind === 'arriving' ? outcome.batch.id : null;
}

/** Shows nothing of the other batch, which is outside the scope of the sender. */
function nameInUse(kind: CreateOutcome['kind']): ProblemError {
  if (kind === 'arriving') {
    return problem(
      'batchArriving',
      'another request is sending a batch with this name or idempotency key',
      'Wait until that request has ended, then send the file again: the same file returns the same batch.',
    );
  }
  return problem(
    'batchNameTaken',
    'the name or idempotency key is in use',
    'Choose another name and key. Nothing was started.',
  );
}

function isAllOutsideScope(bad: readonly BadItem[]): boolean {
  return bad.every(({ problems }) => problems.every(({ rule }) => rule.startsWith('access.')));
}

export function demandFormat(type: string): BatchFormat {
  const format = formatOf(type);
  if (format !== null) return format;
  throw problem(
    'notABatchFile',
    `the content type ${JSON.stringify(type)} is not that of a batch file`,
    `Send one of ${Object.values(MEDIA_TYPES).join(', ')}.`,
  );
}

export function orderOf(
  format: BatchFormat,
  given: z.output<typeof batchQuery>,
  idempotencyKey: string | null,
): BatchOrder {
  const { skipInvalid = false, base = null, fallbacks, ...fields } = given;
  const header = Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => HEADER_FIELDS.includes(name) && value !== undefined),
  );
  return { format, header, skipInvalid, base, idempotencyKey, ...(fallbacks === undefined ? {} : { fallbacks }) };
}

export function tooManyFiles(): ProblemError {
  return problem(
    'tooManyBatches',
    'the API receives as many batch files as it can at the same time',
    `Send the file again in ${RETRY_AFTER_S} s. Nothing was started.`,
    { retryAfterSeconds: RETRY_AFTER_S },
  );
}

function refusal(taken: Exclude<CreateOutcome, { readonly kind: 'created' }>, settings: BatchOrder): ProblemError {
  switch (taken.kind) {
    case 'conflict':
      return problem(
        'batchNameTaken',
        `the ${taken.batch.name === settings.header.name || settings.idempotencyKey === null ? 'name' : 'name or idempotency key'} belongs to batch ${taken.batch.id} (${taken.batch.name}), which was created from another file`,
        'Set another name or key. To run the failed items of the other batch again, retry it.',
        { batchId: taken.batch.id },
      );
    case 'arriving':
      return problem(
        'batchArriving',
        `another request is sending batch ${taken.batch.name}${settings.idempotencyKey === null ? '' : ' or a batch with this idempotency key'}`,
        'Wait until that request has ended, then send the file again: the same file returns the same batch.',
        { batchId: taken.batch.id },
      );
    case 'tooMany':
      return tooManyFiles();
    case 'lost':
      return problem(
        'unavailable',
        'PostgreSQL could not be reached for too long while the file was received',
        'Check GET /readyz and send the file again. Nothing was started.',
      );
    case 'unreadable': {
      const message = `line ${taken.line}: ${taken.reason}`;
      return problem('unreadableBatch', message, 'Fix the file. Nothing was started.', {
        line: taken.line,
        errors: [{ path: '', rule: 'batch.readable', given: null, message, vendorCode: null }],
      });
    }
    case 'badHeader':
      return problem(
        'invalidRequest',
        'the header of the batch is not valid',
        'Fix the fields in errors[]. Nothing was started.',
        {
          errors: taken.problems,
        },
      );
    case 'badItems':
      return problem(
        'invalidRequest',
        `${taken.badCount} of ${taken.items} items are not valid`,
        'Fix the items in errors[] and badItems[], or send skipInvalid=true to start the others. Nothing was started.',
        {
          errors: taken.bad.flatMap(errorsOf).slice(0, MOST_ERRORS),
          badItems: taken.bad,
          badItemCount: taken.badCount,
        },
      );
    case 'tooLarge':
      return problem('tooLarge', `the file is larger than ${MAX_BATCH_BYTES} bytes`, 'Split it into several batches.');
  }
}

/** Messages begin with the line, so that users find the item. */
function errorsOf({ item, line, problems }: BadItem): readonly RequestProblem[] {
  return problems.map((one) => ({
    ...one,
    path: `items[${item - 1}]${one.path === '' ? '' : `.${one.path}`}`,
    message: `line ${line}: ${one.message}`,
  }));
}
