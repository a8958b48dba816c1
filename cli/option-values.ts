/** Parsers of option values. Commander prints the message of an `InvalidArgumentError` with the option's name. */
import { InvalidArgumentError } from 'commander';

export function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('Give a port from 1 to 65535.');
  return value;
}

/** A positive integer. */
export function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError('Give a positive integer.');
  return value;
}

/** For a repeatable option. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** For a repeatable option `key=value`. */
export function collectPairs(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give key=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

export type Changes = Readonly<Record<string, unknown>>;

/** For a repeatable option `path=value`. A value is parsed as JSON (40, true, ["a"]) if it is valid JSON, else it is a string. */
export function collectChanges(text: string, before: Changes | undefined): Changes {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give path=value.');
  return { ...before, [text.slice(0, at)]: readValue(text.slice(at + 1)) };
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
