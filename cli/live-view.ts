/** Shows the progress of an import: on a terminal a progress line below the completed phases, else plain lines. */
import type { ImportEvent, Phase, Progress } from '../domain/import.js';
import type { EventView } from './follow.js';
import { clean, duration, size } from './format.js';

export interface LiveView extends EventView {
  /** Clears the progress line. */
  readonly close: () => void;
}

/** The output of a view: stdout, or a buffer in tests. */
export interface Screen {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function openLiveView(screen: Screen, now: () => number = Date.now): LiveView {
  return isTerminal(screen) ? terminalView(screen) : plainView(screen, now);
}

/** A dumb terminal cannot clear a line. */
export function isTerminal(screen: Screen, env: NodeJS.ProcessEnv = process.env): boolean {
  return screen.isTTY === true && env.TERM !== 'dumb';
}

/** For `--json`. */
export const SILENT: LiveView = { event: () => {}, progress: () => {}, connection: () => {}, close: () => {} };

const PHASE_WIDTH = 'distribution'.length;

function terminalView(screen: Screen): LiveView {
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
  const showProgress = (text: string) => {
    // A full line would wrap, and only its last row would be cleared.
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
        if (event.phase !== 'done') showProgress(`> ${event.phase}`);
      }
      const text = eventText(event);
      if (text !== null) line(`  ${event.phase.padEnd(PHASE_WIDTH)}  ${text}`);
    },
    progress: (progress, state, wait) => {
      const suffix = state === 'cancelling' ? ' (cancelling)' : '';
      // The wait comes first: a narrow terminal cuts the end of the line.
      const figure = wait === null ? `${bar(progress.percent)} ${figures(progress)}` : clean(wait);
      showProgress(`> ${progress.phase.padEnd(PHASE_WIDTH)}  ${figure}${suffix}`);
    },
    connection: (text) => line(`  ${text}`),
    close: clear,
  };
}

/** Minimum time between two progress lines, so that the log of a long import stays readable. */
const PROGRESS_INTERVAL_MS = 10_000;

function plainView(screen: Screen, now: () => number): LiveView {
  let phase: Phase | null = null;
  let printedAt = 0;
  const line = (at: string, label: string, text: string) =>
    screen.write(`${at.slice(11, 19)} ${label.padEnd(PHASE_WIDTH)}  ${text}`.trimEnd().concat('\n'));
  const time = () => new Date(now()).toISOString();
  return {
    event: (event) => {
      const text = eventText(event);
      if (phase !== event.phase) {
        if (event.phase !== 'done') line(event.at, event.phase, text ?? '');
        else if (text !== null) line(event.at, event.phase, text);
        printedAt = now();
      } else if (text !== null) line(event.at, event.phase, text);
      phase = event.phase;
    },
    progress: (progress, _state, wait) => {
      if (now() - printedAt < PROGRESS_INTERVAL_MS) return;
      printedAt = now();
      line(time(), progress.phase, wait === null ? figures(progress) : clean(wait));
    },
    connection: (text) => line(time(), '', text),
    close: () => {},
  };
}

/** The text of an event; null if the phase's name or the summary at the end shows it already. */
function eventText({ type, state, message, detail, phase }: ImportEvent): string | null {
  if (type === 'ledger') return null;
  if (type === 'finding') return clean(`${String(detail.severity ?? 'finding')}: ${message}`);
  if (type === 'attention') return clean(`action required: ${message}`);
  if (type === 'note') return clean(message);
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
