/** What an import does now, in the words of the chosen language. The command line has domain/progress-text.ts. */
import type { Schemas } from './api.js';
import { durationText, percentText, rateText, sizeText } from './format.js';
import { t } from './i18n.js';

type Import = Schemas['Import'];

const STALLED_MS = 30 * 60_000;

/** `42 %`, `1.40 of 2.80 GiB`, `11.4 MiB/s`, `2 min 5 s left`; what is not known is left out. */
export function progressWords({
  percent,
  bytesDone,
  bytesTotal,
  bytesPerSecond,
  etaSeconds,
}: Import['progress']): string {
  const parts = [percentText(Math.floor(percent))];
  if (bytesDone !== null) {
    const done = sizeText(bytesDone);
    parts.push(bytesTotal === null ? done : t('progress.of', { done, total: sizeText(bytesTotal) }));
  }
  if (bytesPerSecond !== null && bytesPerSecond > 0) parts.push(rateText(bytesPerSecond));
  if (etaSeconds !== null) parts.push(t('progress.left', { time: durationText(etaSeconds) }));
  return parts.join(' · ');
}

/** How a disk is sent, in a plan or report. A value of a later API is shown as it is. */
export function sentAsWords(sentAs: string): string {
  return isSentAs(sentAs) ? t(`sentAs.${sentAs}`) : sentAs;
}

const SENT_AS = ['as-is', 'converted', 'if-faster', 'unknown'] as const;

function isSentAs(text: string): text is (typeof SENT_AS)[number] {
  return SENT_AS.some((one) => one === text);
}

/** What it waits for; null: nothing. */
export function waitWords(wait: Import['waitingFor']): string | null {
  if (wait === null) return null;
  const span = durationText((Date.now() - Date.parse(wait.since)) / 1_000);
  const { retry } = wait;
  if (retry === undefined) {
    return wait.host === null ? t('wait.worker', { span }) : t('wait.workerOf', { host: wait.host, span });
  }
  const inSeconds = (Date.parse(retry.nextAt) - Date.now()) / 1_000;
  const next = inSeconds < 1 ? t('wait.nextNow') : t('wait.nextIn', { time: durationText(inSeconds) });
  return t('wait.retry', { code: retry.code, span, next });
}

/** Without progress for 30 minutes, and not known to wait: as the overview counts it. */
export function isStalled({
  state,
  waitingFor,
  updatedAt,
}: Pick<Import, 'state' | 'waitingFor' | 'updatedAt'>): boolean {
  return state === 'running' && waitingFor === null && Date.now() - Date.parse(updatedAt) > STALLED_MS;
}
