/** Shows an import until it ends or requires action. Ctrl-C stops the view, not the import. */
import type { ImportView } from '../domain/import.js';
import type { Api } from './api.js';
import { getImport } from './api.js';
import { print, say } from './console.js';
import { CommandError, EXIT, exitCodeOf } from './exit.js';
import { follow } from './follow.js';
import { handleInterrupts } from './interrupts.js';
import { openLiveView, SILENT } from './live-view.js';
import { findings, ledger, outcome } from './summary.js';

/** The exit code reports the import's state. */
export async function watchToEnd(api: Api, id: string, options: { readonly json: boolean }): Promise<void> {
  const interrupts = handleInterrupts();
  interrupts.onSecond(() => process.exit(EXIT.interrupted));
  const live = options.json ? SILENT : openLiveView(process.stdout);
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
  if (options.json) print((await getImport(api, id)).text);
  else printResult(view);
  exitWithState(view);
}

function printResult(view: ImportView): void {
  if (view.findings.length > 0) print(findings(view.findings));
  if (view.ledger.length > 0) print(ledger(view.ledger));
  for (const line of outcome(view)) print(line);
}

/** Throws an error without a message, because the result has been printed. */
export function exitWithState(view: ImportView): void {
  const code = exitCodeOf(view);
  if (code !== EXIT.done) throw new CommandError(code, []);
}
