/** Shows an import until it ends or requires action. Ctrl-C stops the view, not the import. */
import type { ImportView } from '../domain/import.js';
import type { Api } from './api.js';
import { getImport } from './api.js';
import { print, say } from './console.js';
import { printDocument } from './document.js';
import { CommandError, EXIT, exitCodeOf } from './exit.js';
import { follow } from './follow.js';
import type { GlobalOptions } from './globals.js';
import { handleInterrupts } from './interrupts.js';
import { openLiveView, type ProgressMode } from './live-view.js';
import { resultText } from './summary.js';

export type WatchSettings = Pick<GlobalOptions, 'json' | 'fields' | 'verbose'> & {
  readonly progress?: ProgressMode;
};

/** The exit code reports the import's state. */
export async function watchToEnd(api: Api, id: string, options: WatchSettings): Promise<void> {
  const interrupts = handleInterrupts();
  interrupts.onSecond(() => process.exit(EXIT.interrupted));
  const live = openLiveView(process.stderr, options);
  let view: ImportView;
  try {
    view = await follow(api, id, live, interrupts.signal);
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    live.close();
    say(
      `the import continues: \`ecs-image-import watch ${id}\` shows it again, \`ecs-image-import cancel ${id}\` cancels it`,
    );
    throw new CommandError(EXIT.interrupted, []);
  } finally {
    live.close();
    interrupts.dispose();
  }
  if (options.json) printDocument(options, (await getImport(api, id)).text);
  else print(resultText(view, options));
  exitWithState(view);
}

/** Throws an error without a message, because the result has been printed. */
export function exitWithState(view: ImportView): void {
  const code = exitCodeOf(view);
  if (code !== EXIT.done) throw new CommandError(code, []);
}
