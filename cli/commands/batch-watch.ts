/** Shows a batch until it ends or requires action. Ctrl-C stops the view, not the batch. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BatchView, isFinalBatch } from '../../domain/batch/batch.js';
import type { Api } from '../api.js';
import { batchLine, exitCodeOfBatch, formatBatch, getBatch } from '../batch-view.js';
import { onScreen, say } from '../console.js';
import { printResult } from '../document.js';
import { CommandError, EXIT } from '../exit.js';
import { handleInterrupts } from '../interrupts.js';
import { CLEAR_LINE, modeOf, oneRow, plainIntervals, type Screen, type ViewOptions } from '../live-view.js';
import type { WatchSettings } from '../watching.js';

const POLL_INTERVAL_MS = 1_000;

export async function watchBatch(api: Api, id: string, options: WatchSettings): Promise<void> {
  const interrupts = handleInterrupts();
  interrupts.onSecond(() => process.exit(EXIT.interrupted));
  const live = openBatchView(process.stderr, options);
  try {
    for (;;) {
      const { view, text } = await getBatch(api, id);
      live.show(view);
      if (isFinalBatch(view.state) || view.state === 'attention') {
        live.close();
        printResult(options, text, () => formatBatch(view));
        return exitWithBatch(view);
      }
      await sleep(POLL_INTERVAL_MS, undefined, { signal: interrupts.signal });
    }
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    live.close();
    say(`the batch continues: \`ecs-image-import batch watch ${id}\` shows it again`);
    throw new CommandError(EXIT.interrupted, []);
  } finally {
    live.close();
    interrupts.dispose();
  }
}

/** Throws an error without a message, because the result has been printed. */
export function exitWithBatch(view: BatchView): void {
  const code = exitCodeOfBatch(view);
  if (code !== EXIT.done) throw new CommandError(code, []);
}

interface BatchLive {
  readonly show: (view: BatchView) => void;
  readonly close: () => void;
}

function openBatchView(screen: Screen, options: ViewOptions): BatchLive {
  const mode = modeOf(screen, options);
  const isDue = plainIntervals(options.verbose, Date.now);
  let shown = '';
  const show = (view: BatchView) => {
    if (mode === 'line') {
      shown = oneRow(batchLine(view), screen);
      screen.write(shown);
    } else if (mode === 'plain' && isDue()) {
      screen.write(`${onScreen(`${new Date().toISOString().slice(11, 19)} ${batchLine(view)}`, screen)}\n`);
    } else if (mode === 'json') {
      const { state, counts, phases, importsPerMinute, etaSeconds, waitsFor } = view;
      const line = JSON.stringify({ type: 'progress', state, counts, phases, importsPerMinute, etaSeconds, waitsFor });
      if (line !== shown) screen.write(`${onScreen(`{"at":"${new Date().toISOString()}",${line.slice(1)}`, {})}\n`);
      shown = line;
    }
  };
  const close = () => {
    if (mode === 'line' && shown !== '') screen.write(CLEAR_LINE);
    shown = '';
  };
  return { show, close };
}
