/** What can follow the words of a command line, for the completion of shells: `ecs-image-import __complete -- WORD…`. */
import type { Command, Option } from 'commander';
import { readBatchPage, readImportLines } from '../client/answers.js';
import { KNOWN_REGIONS } from '../domain/request/vocabulary.js';
import { type Api, openApi, TEXT, textOf } from './api.js';
import { readConfig } from './config-file.js';
import { clean } from './format.js';

/** A word, and what it is for. */
export type Candidate = readonly [word: string, text: string];

/** The shell completes the name of a file. */
export const FILES = ':files';

const ANSWER_WITHIN_MS = 2_000;
const MOST = 50;

/** @param words what follows the name of the program; the last one is being typed */
export async function completions(
  program: Command,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const { command, args, pending } = positionOf(program, before);
  const found = pending === null ? await nextWords(program, command, args, typed, env) : await valuesOf(pending, env);
  if (found === FILES) return [FILES];
  return found.filter(([word]) => word.startsWith(typed)).map(([word, text]) => `${clean(word)}\t${clean(text)}`);
}

interface Position {
  readonly command: Command;
  /** Arguments of the command, without options. */
  readonly args: readonly string[];
  /** The option whose value is typed; null: none. */
  readonly pending: Option | null;
}

function positionOf(program: Command, words: readonly string[]): Position {
  let command = program;
  let args: string[] = [];
  let pending: Option | null = null;
  for (const word of words) {
    if (pending !== null) pending = null;
    else if (word.startsWith('-')) {
      const option = optionsOf(program, command).find(({ short, long }) => word === short || word === long);
      pending = option?.required === true ? option : null;
    } else {
      const next = command.commands.find((one) => one.name() === word);
      if (next === undefined) args.push(word);
      else [command, args] = [next, []];
    }
  }
  return { command, args, pending };
}

function optionsOf(program: Command, command: Command): readonly Option[] {
  const own = command.createHelp().visibleOptions(command);
  return command === program ? own : [...own, ...program.options];
}

async function nextWords(
  program: Command,
  command: Command,
  args: readonly string[],
  typed: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly Candidate[] | typeof FILES> {
  if (typed.startsWith('-')) {
    return optionsOf(program, command).map(({ long, short, description }) => [long ?? short ?? '', description]);
  }
  if (command.commands.length > 0) return command.commands.map((one) => [one.name(), one.description()]);
  const argument = command.registeredArguments[Math.min(args.length, command.registeredArguments.length - 1)];
  if (argument === undefined || (args.length >= command.registeredArguments.length && !argument.variadic)) return [];
  switch (argument.name()) {
    case 'id':
      return await recent(env, command.parent?.name() === 'batch' ? batchesOf : importsOf);
    case 'shell':
      return (argument.argChoices ?? []).map((shell) => [shell, '']);
    case 'profile':
      return profilesOf(env);
    default:
      return FILES;
  }
}

async function valuesOf(option: Option, env: NodeJS.ProcessEnv): Promise<readonly Candidate[] | typeof FILES> {
  if (option.argChoices !== undefined) return option.argChoices.map((choice) => [choice, '']);
  switch (option.long) {
    case '--region':
    case '--copy-to':
      return KNOWN_REGIONS.map((region) => [region, '']);
    case '--profile':
      return profilesOf(env);
    case '--batch':
      return await recent(env, batchesOf);
    case '--data':
    case '--images':
    case '--manifest':
    case '--boot-check':
      return FILES;
    default:
      return [];
  }
}

function profilesOf(env: NodeJS.ProcessEnv): readonly Candidate[] {
  try {
    return Object.keys(readConfig(env).profiles).map((name) => [name, '']);
  } catch {
    return [];
  }
}

/** Without a service, or with a slow one, nothing is offered. */
async function recent(
  env: NodeJS.ProcessEnv,
  read: (api: Api) => Promise<readonly Candidate[]>,
): Promise<readonly Candidate[]> {
  try {
    return await read(openApi({}, env));
  } catch {
    return [];
  }
}

async function importsOf(api: Api): Promise<readonly Candidate[]> {
  const query = { limit: MOST, fields: ['state', 'phase', 'progress', 'request', 'createdAt'] as const };
  const call = { params: { query }, ...TEXT };
  const text = await textOf(api.typed({ answerWithinMs: ANSWER_WITHIN_MS }).GET('/v1/imports', call));
  return readImportLines(text).items.map(({ id, state, request }) => [id, `${state}: ${request.imageName}`]);
}

async function batchesOf(api: Api): Promise<readonly Candidate[]> {
  const call = { params: { query: { limit: MOST } }, ...TEXT };
  const text = await textOf(api.typed({ answerWithinMs: ANSWER_WITHIN_MS }).GET('/v1/batches', call));
  return readBatchPage(text).items.map(({ id, state, name }) => [id, `${state}: ${name}`]);
}
