/** `POST /v1/batches`: what the query and the headers say of a batch file, and the answer to what became of it. */

import type { Context } from 'hono';
import type { BadItem } from '../../domain/batch/batch.js';
import { isRecord } from '../../domain/json-value.js';
import type { Problem } from '../../domain/request/request.js';
import { HEADER_FIELDS } from '../batch-file/entries.js';
import { formatOf, MEDIA_TYPES } from '../batch-file/read.js';
import type { ApiDependencies } from '../dependencies.js';
import { type ProblemError, problem } from '../problems.js';
import { type BatchSettings, MAX_BATCH_BYTES, type TakenIn, takeInBatch } from '../take-in-batch.js';

/** Problems that are told one by one; `badItems` has those of the first thousand items. */
const ERRORS_TOLD = 200;

export interface CreatedBatch {
  readonly id: string;
  readonly isNew: boolean;
  /** Fields that the answer has beside the batch. */
  readonly skipped: { readonly skippedItems?: readonly BadItem[] };
}

export async function createBatch(deps: ApiDependencies, context: Context, id: string): Promise<CreatedBatch> {
  const settings = readSettings(deps, context, id);
  const { body } = context.req.raw;
  if (body === null) throw problem('malformedBody', 'the body is empty', 'Send the batch file as the body.');
  const taken = await takeInBatch(await deps.openIntake(), settings, body);
  if (taken.kind === 'same') return { id: taken.batch.id, isNew: false, skipped: {} };
  if (taken.kind !== 'made') throw refusal(taken, settings);
  return { id, isNew: true, skipped: taken.skippedCount === 0 ? {} : { skippedItems: taken.skipped } };
}

function readSettings(deps: ApiDependencies, context: Context, id: string): BatchSettings {
  const type = context.req.header('content-type') ?? '';
  const format = formatOf(type);
  if (format === null) {
    throw problem(
      'notABatchFile',
      `the content type ${JSON.stringify(type)} stands for no format of a batch file`,
      `Send one of ${Object.values(MEDIA_TYPES).join(', ')}.`,
    );
  }
  const query = context.req.query();
  const header: Record<string, unknown> = {};
  for (const field of HEADER_FIELDS) {
    const text = query[field];
    if (text !== undefined) header[field] = field === 'name' ? text : readObject(field, text);
  }
  return {
    id,
    format,
    header,
    skipInvalid: query.skipInvalid === 'true',
    base: readBase(query.base),
    idempotencyKey: context.req.header('idempotency-key') ?? null,
    workerHost: deps.workerHost,
  };
}

function readObject(field: string, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Told below.
  }
  throw problem('invalidRequest', `${field} in the query is no JSON object`, `Give ${field}={"…":…}, or leave it out.`);
}

function readBase(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (URL.canParse(text) && new URL(text).protocol === 'file:' && new URL(text).host === '') return text;
  throw problem(
    'invalidRequest',
    `base is ${text}`,
    'Give the folder that sources are relative to, as file:///folder/.',
  );
}

function refusal(taken: Exclude<TakenIn, { readonly kind: 'made' | 'same' }>, settings: BatchSettings): ProblemError {
  switch (taken.kind) {
    case 'conflict':
      return problem(
        'batchNameTaken',
        `the ${taken.batch.name === settings.header.name || settings.idempotencyKey === null ? 'name' : 'name or idempotency key'} belongs to batch ${taken.batch.id} (${taken.batch.name}), which was made of another file`,
        'Give this one another name, or cancel and retry the other.',
        { batchId: taken.batch.id },
      );
    case 'unreadable':
      return problem('unreadableBatch', `line ${taken.line}: ${taken.reason}`, 'Mend the file; nothing was started.', {
        line: taken.line,
      });
    case 'badHeader':
      return problem(
        'invalidRequest',
        'the header of the batch is not valid',
        'Mend what errors[] names; nothing was started.',
        {
          errors: taken.problems,
        },
      );
    case 'badItems':
      return problem(
        'invalidRequest',
        `${taken.badCount} of ${taken.items} items are not valid`,
        'Mend what errors[] and badItems[] name, or send skipInvalid=true to start the others; nothing was started.',
        {
          errors: taken.bad.flatMap(errorsOf).slice(0, ERRORS_TOLD),
          badItems: taken.bad,
          badItemCount: taken.badCount,
        },
      );
    case 'tooLarge':
      return problem('tooLarge', `the file is larger than ${MAX_BATCH_BYTES} bytes`, 'Make several batches of it.');
  }
}

/** With the line in front, as people look for it. */
function errorsOf({ item, line, problems }: BadItem): readonly Problem[] {
  return problems.map((one) => ({
    ...one,
    path: `items[${item - 1}]${one.path === '' ? '' : `.${one.path}`}`,
    message: `line ${line}: ${one.message}`,
  }));
}
