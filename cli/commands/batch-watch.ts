/** Shows a batch live until it ends or needs a person; Ctrl-C leaves it running. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BatchView, isFinalBatch } from '../../domain/batch/batch.js';
import type { Api } from '../api.js';
import { batchLine, exitCodeOfBatch, getBatch, wholeBatch } from '../batch-view.js';
import { print, say } from '../console.js';
import { CommandError, EXIT } from '../exit.js';
import { catchInterrupts } from '../interrupts.js';

const LOOK_MS = 1_000;
/** Without a terminal a line at most so often, so that a log of hours stays readable. */
const PLAIN_MS = 10_000;

export async function watchBatch(api: Api, id: string, options: { readonly json: boolean }): Promise<void> {
  const interrupts = catchInterrupts();
  interrupts.onSecond(() => process.exit(EXIT.interrupted));
  const moving = process.stdout.isTTY === true && !options.json;
  let toldAt = 0;
  let told = '';
  const show = (view: BatchView) => {
    const line = batchLine(view);
    if (moving) process.stdout.write(`\r\u001b[2K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
    else if (!options.json && line !== told && Date.now() - toldAt >= PLAIN_MS) {
      print(line);
      [toldAt, told] = [Date.now(), line];
    }
  };
  try {
    for (;;) {
      const { view, text } = await getBatch(api, id);
      show(view);
      if (isFinalBatch(view.state) || view.state === 'attention') {
        if (moving) process.stdout.write('\r\u001b[2K');
        print(options.json ? text : wholeBatch(view));
        const code = exitCodeOfBatch(view);
        if (code !== EXIT.done) throw new CommandError(code, []);
        return;
      }
      await sleep(LOOK_MS, undefined, { signal: interrupts.signal });
    }
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    if (moving) process.stdout.write('\n');
    say(`the batch goes on: \`ecs-image-import batch status ${id} --watch\` shows it again`);
    throw new CommandError(EXIT.interrupted, []);
  } finally {
    interrupts.forget();
  }
}
