/** Reads the values of options; what is wrong with one is said by commander in its one line. */
import { InvalidArgumentError } from 'commander';

export function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('give a port from 1 to 65535');
  return value;
}

/** How many: at least one. */
export function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError('give a whole number from 1');
  return value;
}

/** For an option that may be given more than once. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** `key=value`, more than once. */
export function collectPairs(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('give key=value');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

export type Changes = Readonly<Record<string, unknown>>;

/** `path=value`, more than once. Values are JSON where they can be read so (40, true, ["a"]), else text. */
export function collectChanges(text: string, before: Changes | undefined): Changes {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('give path=value');
  return { ...before, [text.slice(0, at)]: readValue(text.slice(at + 1)) };
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
