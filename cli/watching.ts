/** Shows an import until it ends or requires action. Ctrl-C stops the view, not the import. */

import { ApiProblem } from '../client/errors.js';
import type { ImportView } from '../domain/import.js';
import { isObject } from '../domain/json-value.js';
import { type Api, getImport, parse, RETRY_FOR_MS, TEXT, textOf } from './api.js';
import { print, say } from './console.js';
import { printDocument } from './document.js';
import { CommandError, EXIT, exitCodeOf } from './exit.js';
import { follow } from './follow.js';
import type { GlobalOptions } from './globals.js';
import { handleInterrupts } from './interrupts.js';
import { openLiveView, type ProgressMode } from './live-view.js';
import { isPlan, type Plan, planText } from './plan-text.js';
import type { RequestOrigins } from './request-origins.js';
import { outcome, resultText } from './summary.js';

export type WatchSettings = Pick<GlobalOptions, 'json' | 'fields' | 'verbose'> & {
  readonly progress?: ProgressMode;
  /** Of a request that this command has made. */
  readonly origins?: RequestOrigins;
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
  const plan = view.request.dryRun && view.state === 'succeeded' ? await planOf(api, id) : null;
  if (options.json) {
    const { text } = await getImport(api, id);
    printDocument(options, plan === null ? text : { ...objectIn(text), plan });
  } else if (plan === null) print(resultText(view, options));
  else print([...outcome(view), planText(plan, view.request, options.origins ?? null)].join('\n'));
  exitWithState(view);
}

/** Null: the API has none, as one of an earlier version. */
async function planOf(api: Api, id: string): Promise<Plan | null> {
  try {
    const call = { params: { path: { id } }, ...TEXT };
    const plan = parse(await textOf(api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports/{id}/plan', call)));
    return isPlan(plan) ? plan : null;
  } catch (error) {
    if (error instanceof ApiProblem && error.status < 500) return null;
    throw error;
  }
}

function objectIn(text: string): object {
  const value = parse(text);
  return isObject(value) ? value : {};
}

/** Throws an error without a message, because the result has been printed. */
export function exitWithState(view: ImportView): void {
  const code = exitCodeOf(view);
  if (code !== EXIT.done) throw new CommandError(code, []);
}
