/** Shows a batch until it ends or requires action. Ctrl-C stops the view, not the batch. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BatchView, isFinalBatch } from '../../domain/batch/batch.js';
import type { Api } from '../api.js';
import { batchLine, exitCodeOfBatch, formatBatch, getBatch } from '../batch-view.js';
import { print, say } from '../console.js';
import { CommandError, EXIT } from '../exit.js';
import { handleInterrupts } from '../interrupts.js';
import { isTerminal } from '../live-view.js';

const POLL_INTERVAL_MS = 1_000;
/** Minimum time between two lines outside a terminal, so that the log of a long batch stays readable. */
const LINE_INTERVAL_MS = 10_000;

export async function watchBatch(api: Api, id: string, options: { readonly json: boolean }): Promise<void> {
  const interrupts = handleInterrupts();
  interrupts.onSecond(() => process.exit(EXIT.interrupted));
  const onTerminal = isTerminal(process.stdout) && !options.json;
  let printedAt = 0;
  let printed = '';
  const show = (view: BatchView) => {
    const line = batchLine(view);
    if (onTerminal) process.stdout.write(`\r\u001b[2K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
    else if (!options.json && line !== printed && Date.now() - printedAt >= LINE_INTERVAL_MS) {
      print(line);
      [printedAt, printed] = [Date.now(), line];
    }
  };
  try {
    for (;;) {
      const { view, text } = await getBatch(api, id);
      show(view);
      if (isFinalBatch(view.state) || view.state === 'attention') {
        if (onTerminal) process.stdout.write('\r\u001b[2K');
        print(options.json ? text : formatBatch(view));
        const code = exitCodeOfBatch(view);
        if (code !== EXIT.done) throw new CommandError(code, []);
        return;
      }
      await sleep(POLL_INTERVAL_MS, undefined, { signal: interrupts.signal });
    }
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    if (onTerminal) process.stdout.write('\n');
    say(`the batch continues: \`ecs-image-import batch status ${id} --watch\` shows it again`);
    throw new CommandError(EXIT.interrupted, []);
  } finally {
    interrupts.dispose();
  }
}
