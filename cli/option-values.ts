/** Parsers of option values. Commander prints the message of an `InvalidArgumentError` with the option's name. */
import { InvalidArgumentError } from 'commander';

/** 0: any free port. */
export function port(text: string): number {
  return wholeNumber(text, 0, 65_535, 'Give a port from 1 to 65535, or 0 for a free port.');
}

/** A positive integer. */
export function count(text: string): number {
  return wholeNumber(text, 1, MAX_COUNT, `Give a whole number from 1 to ${MAX_COUNT}.`);
}

const MAX_COUNT = 1_000_000;

function wholeNumber(text: string, min: number, max: number, message: string): number {
  const value = Number(text);
  if (!/^\d{1,7}$/.test(text) || value < min || value > max) throw new InvalidArgumentError(message);
  return value;
}

/** The id of an import, as an argument. */
export function importId(text: string): string {
  if (!text.startsWith('bat-')) return text;
  throw new InvalidArgumentError('It is the ID of a batch. Use the commands of `ecs-image-import batch`.');
}

/** The id of a batch, as an argument. */
export function batchId(text: string): string {
  if (!text.startsWith('imp-')) return text;
  throw new InvalidArgumentError('It is the ID of an import. Use `ecs-image-import status` and similar commands.');
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

const SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** `30m`, `12h`, `90d`, in seconds. */
export function period(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const seconds = SECONDS[unit];
  if (seconds === undefined) throw new InvalidArgumentError('Give a number of minutes, hours or days: 30m, 12h, 90d.');
  return Number(number) * seconds;
}

/** A time, or how long ago (`7d`), as ISO 8601. */
export function moment(text: string): string {
  if (/^\d+[mhd]$/.test(text)) return new Date(Date.now() - period(text) * 1_000).toISOString();
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('Give a time such as 2026-11-01T20:00:00Z, or 7d, 12h, 30m.');
  return new Date(at).toISOString();
}

/** As `period`; null: `never`. */
export function periodOrNever(text: string): number | null {
  return text === 'never' ? null : period(text);
}

/** For a repeatable option `key=value`, whose key may be repeated. */
export function collectTags(
  text: string,
  before: readonly { readonly key: string; readonly value: string }[] | undefined,
): readonly { readonly key: string; readonly value: string }[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give key=value.');
  return [...(before ?? []), { key: text.slice(0, at), value: text.slice(at + 1) }];
}

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

/** Fields of a data disk on the command line. */
export interface DataDisk {
  readonly source: string;
  readonly format?: string;
  readonly diskImageSize?: number;
  readonly sha256?: string;
  readonly credential?: string;
}

/** For the repeatable option `SOURCE[,format=QCOW2][,size=40][,sha256=…][,credential=…]`. The source can contain commas. */
export function dataDisk(text: string, before: readonly DataDisk[] | undefined): readonly DataDisk[] {
  const [source = '', ...settings] = text.split(/,(?=(?:format|size|sha256|credential)=)/);
  const { format, size, sha256, credential } = Object.fromEntries(
    settings.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
  if ([source, format, sha256, credential].includes('')) {
    throw new InvalidArgumentError(
      'Give SOURCE[,format=FORMAT][,size=GiB][,sha256=HEX][,credential=NAME], without empty values.',
    );
  }
  const disk = {
    source,
    ...(format === undefined ? {} : { format }),
    ...(size === undefined
      ? {}
      : { diskImageSize: wholeNumber(size, 1, 65_536, `size=${size} is not a size in whole GiB, such as size=40.`) }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(credential === undefined ? {} : { credential }),
  };
  return [...(before ?? []), disk];
}
