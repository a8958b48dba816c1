/** Reads a batch from the API and formats it for the terminal. */

import { readBatch } from '../client/answers.js';
import { type BatchCause, type BatchView, isFinalBatch } from '../domain/batch/batch.js';
import { type Api, RETRY_FOR_MS, TEXT, textOf } from './api.js';
import { EXIT, type ExitCode } from './exit.js';
import { clean, duration, size } from './format.js';
import { colored, paint } from './style.js';
import { indentedTable } from './table.js';

export function batchPath(id: string, rest = ''): string {
  return `/v1/batches/${encodeURIComponent(id)}${rest}`;
}

export async function getBatch(api: Api, id: string): Promise<{ readonly view: BatchView; readonly text: string }> {
  const text = await textOf(
    api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/batches/{id}', { params: { path: { id } }, ...TEXT }),
  );
  return { view: readBatch(text), text };
}

const EXIT_CODES: Readonly<Record<BatchView['state'], ExitCode>> = {
  running: EXIT.done,
  paused: EXIT.done,
  cancelling: EXIT.done,
  succeeded: EXIT.done,
  attention: EXIT.attention,
  failed: EXIT.failed,
  cancelled: EXIT.cancelled,
};

export function exitCodeOfBatch(view: BatchView): ExitCode {
  return EXIT_CODES[view.state];
}

/** The state and the counts in one line. */
export function batchLine(view: BatchView): string {
  const { counts } = view;
  const ended = counts.succeeded + counts.failed + counts.cancelled;
  const figures = [
    `${ended}/${counts.total - counts.invalid} ended`,
    ...LISTED_COUNTS.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${name}`),
    ...(view.importsPerMinute === null ? [] : [`${view.importsPerMinute.toFixed(1)} a minute`]),
    ...(view.etaSeconds === null || isFinalBatch(view.state)
      ? []
      : [`about ${duration(view.etaSeconds * 1_000)} left`]),
  ];
  return clean(`${view.state}: ${figures.join(', ')}`);
}

const LISTED_COUNTS = ['waiting', 'running', 'attention', 'failed', 'cancelled', 'invalid'] as const;

/** All details, for `batch status ID`. */
export function formatBatch(view: BatchView): string {
  const took = duration(Date.parse(view.endedAt ?? view.updatedAt) - Date.parse(view.createdAt));
  const phases = Object.entries(view.phases).map(([phase, count]) => `${count} in ${phase}`);
  const { estimate } = view;
  return [
    `${colored(view.state)}${batchLine(view).slice(view.state.length)}`,
    clean(`batch ${view.id}  ${view.name}  ${took}`),
    ...(view.attention === null
      ? []
      : [
          paint('yellow', clean(`action required: ${view.attention.message}`)),
          clean(`remedy: ${view.attention.remedy}`),
          clean(`after the fix: ecs-image-import batch resume ${view.id}`),
        ]),
    ...(view.waitsFor === null ? [] : [clean(`waiting: ${view.waitsFor.message}`), clean(`  ${view.waitsFor.remedy}`)]),
    ...(phases.length === 0 ? [] : [`in progress: ${phases.join(', ')}`]),
    `uploaded ${size(estimate.uploadedBytes)}${estimate.expectedUploadBytes === null ? '' : ` of about ${size(estimate.expectedUploadBytes)}`}`,
    `image storage ${estimate.imageGiB} GiB${estimate.expectedImageGiB === null ? '' : `, about ${estimate.expectedImageGiB.toFixed(0)} GiB when all imports have succeeded`}`,
    ...(estimate.cost === null
      ? []
      : [
          `estimated cost: ${estimate.cost.storagePerMonth.toFixed(2)} ${estimate.cost.currency} per month for storage, ${estimate.cost.traffic.toFixed(2)} ${estimate.cost.currency} for traffic`,
        ]),
    ...causes('failed', view.failures),
    ...causes('action required', view.attentions),
    ...(view.attentions.length === 0
      ? []
      : [`after the fix: ecs-image-import batch resume ${view.id} --cause ${view.attentions[0]?.code ?? 'CODE'}`]),
  ].join('\n');
}

function causes(title: string, list: readonly BatchCause[]): readonly string[] {
  if (list.length === 0) return [];
  const rows = list.map((cause) => [
    String(cause.count),
    cause.code,
    cause.message,
    cause.remedy,
    cause.examples[0] ?? '',
  ]);
  return [`${title}:\n${indentedTable(['imports', 'code', 'example message', 'remedy', 'example import'], rows)}`];
}
