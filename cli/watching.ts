/** Shows an import live until it ends or needs a person; Ctrl-C leaves it running. */
import type { ImportView } from '../domain/import.js';
import type { Api } from './api.js';
import { getImport } from './api.js';
import { print, say } from './console.js';
import { CommandError, EXIT, exitCodeOf } from './exit.js';
import { follow } from './follow.js';
import { catchInterrupts } from './interrupts.js';
import { openLiveView, SILENT } from './live-view.js';
import { findings, ledger, outcome } from './summary.js';

/** Ends with the exit code that tells how the import stands. */
export async function watchToTheEnd(api: Api, id: string, options: { readonly json: boolean }): Promise<void> {
  const interrupts = catchInterrupts();
  interrupts.onSecond(() => process.exit(EXIT.interrupted));
  const live = options.json ? SILENT : openLiveView(process.stdout);
  let view: ImportView;
  try {
    view = await follow(api, id, live, interrupts.signal);
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    live.close();
    say(
      `the import goes on: \`ecs-image-import watch ${id}\` shows it again, \`ecs-image-import cancel ${id}\` stops it`,
    );
    throw new CommandError(EXIT.interrupted, []);
  } finally {
    live.close();
    interrupts.forget();
  }
  if (options.json) print((await getImport(api, id)).text);
  else printEnd(view);
  endAs(view);
}

/** Findings and ledger only where there is something to see. */
function printEnd(view: ImportView): void {
  if (view.findings.length > 0) print(findings(view.findings));
  if (view.ledger.length > 0) print(ledger(view.ledger));
  for (const line of outcome(view)) print(line);
}

/** Silent: what there is to say has been printed. */
export function endAs(view: ImportView): void {
  const code = exitCodeOf(view);
  if (code !== EXIT.done) throw new CommandError(code, []);
}
