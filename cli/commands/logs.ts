/** `logs ID`: what happened to an import, event by event; `--follow` continues until it ends or requires action. */
import { type Command, InvalidArgumentError } from 'commander';
import { isImportEvent } from '../../client/answers.js';
import { UnexpectedAnswerError } from '../../client/errors.js';
import { watchImport } from '../../client/watch.js';
import type { ImportEvent } from '../../domain/import.js';
import { isObject } from '../../domain/json-value.js';
import { type Api, openApi, parse, RETRY_FOR_MS, TEXT, textOf } from '../api.js';
import { printInOrder } from '../console.js';
import { printDocument } from '../document.js';
import { EXIT } from '../exit.js';
import { clean } from '../format.js';
import { globalsOf } from '../globals.js';
import { handleInterrupts } from '../interrupts.js';
import { importId } from '../option-values.js';
import { resolveImport } from '../resolve.js';
import { colored, paint } from '../style.js';
import { wrongUsage } from '../usage.js';
import { exitWithState } from '../watching.js';

interface Options {
  readonly follow: boolean;
  readonly tail?: number;
}

export function addLogs(program: Command): void {
  program
    .command('logs')
    .description(
      'show the events of an import, oldest first: phases, attempts, findings, resources, and who changed what',
    )
    .argument('<id>', 'ID, beginning of an ID, or name of the import', importId)
    .option('-f, --follow', 'continue until the import ends or requires action; the exit code reports which', false)
    .option('--tail <n>', 'only the last n events', lastEvents)
    .action(async (given: string, { follow, tail }: Options, command: Command) => {
      const globals = globalsOf(command);
      if (follow && globals.json) throw wrongUsage('--follow has no end result: use `watch --progress=json`', command);
      if (follow && tail !== undefined) throw wrongUsage('--tail counts from the end: omit --follow', command);
      const api = openApi(globals);
      const id = await resolveImport(api, given, 'show');
      if (follow) return await followEvents(api, id);
      const events = (await recordedEvents(api, id)).slice(tail === undefined ? 0 : -tail);
      if (globals.json) return printDocument(globals, events);
      for (const event of events) await printInOrder(lineOf(event));
    });
}

function lastEvents(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 to 999999.');
  return Number(text);
}

async function recordedEvents(api: Api, id: string): Promise<readonly ImportEvent[]> {
  const request = { params: { path: { id } }, headers: { accept: 'application/json' }, ...TEXT };
  const text = await textOf(api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports/{id}/report', request));
  const report = parse(text);
  if (!isObject(report) || !Array.isArray(report.events)) throw new UnexpectedAnswerError('report', text);
  return report.events.filter(isImportEvent);
}

async function followEvents(api: Api, id: string): Promise<void> {
  const interrupts = handleInterrupts();
  interrupts.onSecond(() => process.exit(EXIT.interrupted));
  const events = watchImport(api, id, { signal: interrupts.signal });
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return exitWithState(next.value);
      if (next.value.type !== 'progress') await printInOrder(lineOf(next.value));
    }
  } finally {
    interrupts.dispose();
  }
}

/** `2026-11-29 10:02:03  upload        finding      warning: …` */
function lineOf({ at, type, phase, state, message, detail }: ImportEvent): string {
  const time = paint('dim', `${at.slice(0, 19).replace('T', ' ')}`);
  const severity = typeof detail.severity === 'string' ? `${colored(detail.severity, clean(detail.severity))}: ` : '';
  const what = type === 'attention' ? colored('attention', type.padEnd(TYPE_WIDTH)) : clean(type).padEnd(TYPE_WIDTH);
  const text = message === '' ? state : message;
  return `${time}  ${phase.padEnd(PHASE_WIDTH)}  ${what}  ${severity}${clean(text)}`;
}

const PHASE_WIDTH = 'distribution'.length;
const TYPE_WIDTH = 'attention'.length;
