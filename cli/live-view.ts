/**
 * Shows the progress of an import on stderr: one line that is rewritten on a terminal, few plain lines elsewhere, or every
 * event as a line of JSON. Results and findings are printed at the end, by the command.
 */
import { Option } from 'commander';
import type { ImportEvent, Phase, Progress } from '../domain/import.js';
import { progressFigures } from '../domain/progress-text.js';
import { onScreen } from './console.js';
import type { EventView } from './follow.js';
import { clean, duration } from './format.js';
import { paint } from './style.js';
import { cut } from './table.js';

export const PROGRESS_MODES = ['auto', 'line', 'plain', 'json', 'none'] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

export interface LiveView extends EventView {
  /** Clears the progress line. */
  readonly close: () => void;
}

/** The output of a view: stderr, or a buffer in tests. */
export interface Screen {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ViewOptions {
  /** Default: `auto`, or `none` with `json`. */
  readonly progress?: ProgressMode | undefined;
  readonly json: boolean;
  /** Also show each phase with its duration, notes and findings. */
  readonly verbose: boolean;
}

export function progressOption(): Option {
  return new Option(
    '--progress <how>',
    'progress on stderr; auto: a line that is rewritten on a terminal, else plain lines, and none with --json',
  ).choices(PROGRESS_MODES);
}

export function openLiveView(screen: Screen, options: ViewOptions, now: () => number = Date.now): LiveView {
  switch (modeOf(screen, options)) {
    case 'line':
      return terminalView(screen, options.verbose);
    case 'plain':
      return plainView(screen, options.verbose, now);
    case 'json':
      return jsonView(screen);
    case 'none':
      return { event: () => {}, progress: () => {}, connection: () => {}, close: () => {} };
  }
}

export function modeOf(screen: Screen, { progress = 'auto', json }: ViewOptions): Exclude<ProgressMode, 'auto'> {
  if (progress !== 'auto') return progress;
  if (json) return 'none';
  return isTerminal(screen) ? 'line' : 'plain';
}

/** A dumb terminal cannot clear a line. */
export function isTerminal(screen: Screen, env: NodeJS.ProcessEnv = process.env): boolean {
  return screen.isTTY === true && env.TERM !== 'dumb';
}

export const CLEAR_LINE = '\r\u001b[2K';
const PHASE_WIDTH = 'distribution'.length;

/** A line that fits into one row: a longer one would wrap, and only its last row would be cleared. */
export function oneRow(text: string, screen: Screen): string {
  return `${CLEAR_LINE}${cut(text, (screen.columns ?? 80) - 1)}`;
}

function terminalView(screen: Screen, verbose: boolean): LiveView {
  let phase: { readonly name: Phase; readonly startedAt: number } | null = null;
  let shown = false;
  const clear = () => {
    if (shown) screen.write(CLEAR_LINE);
    shown = false;
  };
  const line = (text: string) => {
    clear();
    screen.write(`${onScreen(text, screen)}\n`);
  };
  const showProgress = (text: string) => {
    screen.write(oneRow(text, screen));
    shown = true;
  };
  let latest: (() => string) | null = null;
  // What the import waits for gets older without an event.
  const timer = repeat(() => {
    if (latest !== null) showProgress(latest());
  });
  return {
    event: (event) => {
      if (phase?.name !== event.phase) {
        latest = null;
        if (phase !== null && verbose) {
          line(`  ${phase.name.padEnd(PHASE_WIDTH)}  ${duration(Date.parse(event.at) - phase.startedAt)}`);
        }
        phase = { name: event.phase, startedAt: Date.parse(event.at) };
        if (event.phase !== 'done') showProgress(`> ${event.phase}`);
      }
      const text = verbose ? eventText(event) : null;
      if (text !== null) line(`  ${event.phase.padEnd(PHASE_WIDTH)}  ${text}`);
    },
    progress: (progress, state, wait) => {
      const suffix = state === 'cancelling' ? ' (cancelling)' : '';
      const figures = progressText(progress, screen.columns ?? 80);
      latest = () =>
        wait === null
          ? `> ${progress.phase.padEnd(PHASE_WIDTH)}  ${figures}${suffix}`
          : waitLine(progress.phase, `${clean(wait(Date.now()))}${suffix}`, screen.columns ?? 80);
      showProgress(latest());
    },
    connection: (text) => line(`  ${text}`),
    close: () => {
      clearInterval(timer);
      clear();
    },
  };
}

/** A narrow terminal shows the wait without its phase. */
function waitLine(phase: Phase, wait: string, columns: number): string {
  const whole = `> ${phase}  ${wait}`;
  return whole.length < columns ? whole : `> ${wait}`;
}

/** Every second; does not keep the process alive. */
function repeat(action: () => void): NodeJS.Timeout {
  return setInterval(action, 1_000).unref();
}

/** The figures, after a bar where the row has space for it. */
function progressText(progress: Progress, columns: number): string {
  const figures = progressFigures(progress).join('  ');
  const space = columns - PHASE_WIDTH - figures.length - 8;
  return space < 10 ? figures : `${bar(progress.percent, Math.min(24, space))} ${figures}`;
}

function bar(percent: number, width: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * width);
  return `[${'='.repeat(full)}${' '.repeat(width - full)}]`;
}

/** Time to the next plain line: many CI systems stop a job that prints nothing for 10 minutes. */
const INTERVALS_MS = { verbose: [10_000], quiet: [30_000, 60_000, 120_000, 300_000] };

/** Returns whether a line is due now. */
export function plainIntervals(verbose: boolean, now: () => number): () => boolean {
  const intervals = verbose ? INTERVALS_MS.verbose : INTERVALS_MS.quiet;
  let index = 0;
  let lastAt = now();
  return () => {
    if (now() - lastAt < (intervals[Math.min(index, intervals.length - 1)] ?? 0)) return false;
    lastAt = now();
    index += 1;
    return true;
  };
}

function plainView(screen: Screen, verbose: boolean, now: () => number): LiveView {
  let phase: Phase | null = null;
  const isDue = plainIntervals(verbose, now);
  const line = (at: string, label: string, text: string) =>
    screen.write(`${at.slice(11, 19)} ${label.padEnd(PHASE_WIDTH)}  ${onScreen(text, screen)}`.trimEnd().concat('\n'));
  const time = () => new Date(now()).toISOString();
  let latest: (() => void) | null = null;
  const showIfDue = () => {
    if (latest !== null && isDue()) latest();
  };
  const timer = repeat(showIfDue);
  return {
    event: (event) => {
      if (!verbose) return;
      const text = eventText(event);
      if (phase !== event.phase && event.phase !== 'done') line(event.at, event.phase, text ?? '');
      else if (text !== null) line(event.at, event.phase, text);
      phase = event.phase;
    },
    progress: (progress, _state, wait) => {
      latest = () =>
        line(time(), progress.phase, wait === null ? progressFigures(progress).join('  ') : clean(wait(now())));
      showIfDue();
    },
    connection: (text) => line(time(), '', text),
    close: () => clearInterval(timer),
  };
}

/** Each event as the API sends it, with the fields of progress at the top. */
function jsonView(screen: Screen): LiveView {
  const line = (value: unknown) => screen.write(`${onScreen(JSON.stringify(value), {})}\n`);
  return {
    event: ({ detail, ...event }) => line(event.type === 'progress' ? { ...event, ...detail } : { ...event, detail }),
    progress: () => {},
    connection: (message) => line({ type: 'connection', at: new Date().toISOString(), message }),
    close: () => {},
  };
}

/** The text of an event; null if the phase's name or the summary at the end shows it already. */
function eventText({ type, state, message, detail, phase }: ImportEvent): string | null {
  if (type === 'ledger' || type === 'progress') return null;
  if (type === 'finding') return clean(`${String(detail.severity ?? 'finding')}: ${message}`);
  if (type === 'attention') return paint('yellow', clean(`action required: ${message}`));
  if (type === 'note') return clean(message);
  if (phase === 'done') return null;
  return state === 'running' || state === 'attention' ? null : state;
}
