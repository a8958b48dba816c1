/** The routes of batches, for the OpenAPI document; the routes themselves are in routes/batches.ts. */
import { MEDIA_TYPES } from './batch-file/read.js';
import type { BATCH_SCHEMAS } from './batch-schemas.js';
import { json, type Operation, problem } from './operation.js';

const unknownBatch = problem('No batch has this id');
const hasEnded = problem('The batch has ended already');

export const BATCH_OPERATIONS: readonly Operation<keyof typeof BATCH_SCHEMAS | 'Problem'>[] = [
  {
    method: 'post',
    path: '/v1/batches',
    summary: 'Start the imports of a batch file; nothing starts unless all items are valid',
    query: {
      name: 'Name of the batch; wins over the file’s',
      policy: 'JSON object laid over the file’s policy',
      defaults: 'JSON object laid over the file’s defaults',
      skipInvalid: 'true: start the valid items although others are not',
      base: 'Folder that relative sources are relative to: file:///folder/',
    },
    headers: { 'Idempotency-Key': 'The same key and file give the same batch; another file is refused' },
    body: 'BatchFile',
    bodyTypes: Object.values(MEDIA_TYPES),
    answers: {
      202: json('Accepted; Location names the batch', 'Batch'),
      400: problem('The file is wrong; badItems[] names every bad item with its line'),
      415: problem('The content type stands for no format of a batch file'),
      422: problem('The name or the key was used for another file'),
    },
  },
  {
    method: 'get',
    path: '/v1/batches',
    summary: 'List batches, newest first',
    query: { state: 'Only batches in this state', cursor: 'nextCursor of the page before', limit: '1 to 1000' },
    answers: { 200: json('A page', 'BatchList'), 400: problem('No such state') },
  },
  {
    method: 'get',
    path: '/v1/batches/{id}',
    summary: 'How a batch stands: counts, rate, causes of failures and stops',
    answers: { 200: json('The batch', 'Batch'), 404: unknownBatch },
  },
  {
    method: 'get',
    path: '/v1/batches/{id}/items',
    summary: 'The items of a batch, in the order of the file',
    query: { state: 'Only items in this state', cursor: 'nextCursor of the page before', limit: '1 to 1000' },
    answers: { 200: json('A page', 'BatchItemList'), 404: unknownBatch },
  },
  {
    method: 'get',
    path: '/v1/batches/{id}/report',
    summary: 'How every item ended: Markdown, JSON or CSV',
    query: { format: 'markdown, json or csv; wins over Accept' },
    answers: { 200: { description: 'The report', type: 'text/markdown' }, 404: unknownBatch },
  },
  {
    method: 'post',
    path: '/v1/batches/{id}/pause',
    summary: 'Start no new imports; those under way go on',
    answers: { 202: json('Told', 'Batch'), 404: unknownBatch, 409: hasEnded },
  },
  {
    method: 'post',
    path: '/v1/batches/{id}/resume',
    summary: 'Go on with the batch, or with its imports that stopped for one cause',
    body: 'BatchResume',
    answers: { 202: json('Told', 'Batch'), 404: unknownBatch, 409: hasEnded },
  },
  {
    method: 'post',
    path: '/v1/batches/{id}/cancel',
    summary: 'Start no new imports, and cancel those under way or let them finish',
    body: 'BatchCancel',
    answers: { 202: json('Told; the batch ends cancelled', 'Batch'), 404: unknownBatch, 409: hasEnded },
  },
  {
    method: 'post',
    path: '/v1/batches/{id}/retry',
    summary: 'Start a new attempt of every failed item, also of a batch that has ended',
    body: 'BatchRetry',
    answers: { 202: json('Told', 'Batch'), 404: unknownBatch },
  },
  {
    method: 'post',
    path: '/v1/batches/{id}/policy',
    summary: 'Change the policy while the batch runs; what is not named stays',
    body: 'BatchPolicy',
    answers: {
      200: json('The policy is in force', 'Batch'),
      400: problem('The policy is wrong; nothing was changed'),
      404: unknownBatch,
      409: hasEnded,
    },
  },
];
