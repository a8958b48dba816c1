/** Shows an import as it goes: on a terminal one line that moves and a line for each phase done, else plain lines. */
import type { ImportEvent, Phase, Progress } from '../domain/import.js';
import type { Shower } from './follow.js';
import { clean, duration, size } from './format.js';

export interface LiveView extends Shower {
  /** Leaves the terminal tidy. */
  readonly close: () => void;
}

/** What a view writes to: stdout, or a text that a test looks at. */
export interface Screen {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function openLiveView(screen: Screen, now: () => number = Date.now): LiveView {
  return screen.isTTY === true ? movingView(screen) : plainView(screen, now);
}

/** Shows nothing, for `--json`. */
export const SILENT: LiveView = { event: () => {}, progress: () => {}, trouble: () => {}, close: () => {} };

const PHASE_WIDTH = 'distribution'.length;

function movingView(screen: Screen): LiveView {
  let phase: { readonly name: Phase; readonly startedAt: number } | null = null;
  let shown = false;
  const clear = () => {
    if (shown) screen.write('\r\u001b[2K');
    shown = false;
  };
  const line = (text: string) => {
    clear();
    screen.write(`${text}\n`);
  };
  const move = (text: string) => {
    // One column is left free: a full line would wrap, and then no longer be one.
    const width = (screen.columns ?? 80) - 1;
    screen.write(`\r\u001b[2K${text.slice(0, width)}`);
    shown = true;
  };
  return {
    event: (event) => {
      if (phase?.name !== event.phase) {
        if (phase !== null) {
          line(`  ${phase.name.padEnd(PHASE_WIDTH)}  ${duration(Date.parse(event.at) - phase.startedAt)}`);
        }
        phase = { name: event.phase, startedAt: Date.parse(event.at) };
        if (event.phase !== 'done') move(`> ${event.phase}`);
      }
      const text = eventText(event);
      if (text !== null) line(`  ${event.phase.padEnd(PHASE_WIDTH)}  ${text}`);
    },
    progress: (progress, state) => {
      const stopping = state === 'cancelling' ? ' (cancelling)' : '';
      move(`> ${progress.phase.padEnd(PHASE_WIDTH)}  ${bar(progress.percent)} ${figures(progress)}${stopping}`);
    },
    trouble: (text) => line(`  ${text}`),
    close: clear,
  };
}

/** A line of progress at most every 10 s, so that a log of hours stays readable. */
const PLAIN_PROGRESS_MS = 10_000;

function plainView(screen: Screen, now: () => number): LiveView {
  let phase: Phase | null = null;
  let toldAt = 0;
  const line = (at: string, of: string, text: string) =>
    screen.write(`${at.slice(11, 19)} ${of.padEnd(PHASE_WIDTH)}  ${text}`.trimEnd().concat('\n'));
  const time = () => new Date(now()).toISOString();
  return {
    event: (event) => {
      const text = eventText(event);
      if (phase !== event.phase) {
        if (event.phase !== 'done') line(event.at, event.phase, text ?? '');
        else if (text !== null) line(event.at, event.phase, text);
        toldAt = now();
      } else if (text !== null) line(event.at, event.phase, text);
      phase = event.phase;
    },
    progress: (progress) => {
      if (now() - toldAt < PLAIN_PROGRESS_MS) return;
      toldAt = now();
      line(time(), progress.phase, figures(progress));
    },
    trouble: (text) => line(time(), '', text),
    close: () => {},
  };
}

/** What an event says beside the phase that it is of; null for what the summary tells better. */
function eventText({ type, state, message, detail, phase }: ImportEvent): string | null {
  if (type === 'ledger') return null;
  if (type === 'finding') return clean(`${String(detail.severity ?? 'finding')}: ${message}`);
  if (type === 'attention') return clean(`needs you: ${message}`);
  if (type === 'note') return clean(message);
  // A phase that begins says its own name; the end is told with its reason.
  if (phase === 'done') return null;
  return state === 'running' || state === 'attention' ? null : state;
}

const BAR_WIDTH = 24;

function bar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR_WIDTH);
  return `[${'='.repeat(full)}${' '.repeat(BAR_WIDTH - full)}]`;
}

function figures({ percent, bytesDone, bytesTotal, bytesPerSecond, etaSeconds }: Progress): string {
  return [
    `${Math.floor(percent)} %`,
    bytesDone === null ? null : bytesTotal === null ? size(bytesDone) : `${size(bytesDone)} of ${size(bytesTotal)}`,
    bytesPerSecond === null || bytesPerSecond === 0 ? null : `${size(Math.round(bytesPerSecond))}/s`,
    etaSeconds === null ? null : `${duration(etaSeconds * 1_000)} left`,
  ]
    .filter((part) => part !== null)
    .join('  ');
}
