/**
 * Imports and batches by ID, by the beginning of an ID, or by name. A command that changes something accepts what matches
 * exactly one; a command that shows something takes the newest of the same name.
 */
import { type ImportLine, readBatchPage, readImportLines } from '../client/answers.js';
import { ApiProblem, UnexpectedAnswerError } from '../client/errors.js';
import { isBatchId, isImportId, timesOfIdPrefix } from '../domain/ids.js';
import type { ImportField } from '../domain/import.js';
import { type Api, RETRY_FOR_MS, TEXT, textOf } from './api.js';
import { say } from './console.js';
import { CommandError, EXIT } from './exit.js';
import { clean } from './format.js';

export type Use = 'show' | 'change';

interface Match {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** Listed when several match. */
const MOST_SHOWN = 10;
const PAGE = 500;
/** A text that matches nothing in so many batches is passed on: the API says that it does not exist. */
const MOST_BATCHES = 10_000;
/** The clock of the database and that of the API, which makes the IDs, may differ. */
const CLOCKS_DIFFER_MS = 10 * 60_000;

/** Returns the text itself if nothing matches: the API says what does not exist. */
export async function resolveImport(api: Api, text: string, use: Use): Promise<string> {
  if (isImportId(text)) return text;
  const times = timesOfIdPrefix(text);
  const found =
    times === null ? await importsNamed(api, text) : await importsWithin(api, times, (id) => id.startsWith(text));
  return chosen(found, text, use, { thing: 'import', byPrefix: times !== null, list: `list --name ${quoted(text)}` });
}

/** As `resolveImport`. */
export async function resolveBatch(api: Api, text: string, use: Use): Promise<string> {
  if (isBatchId(text)) return text;
  const byPrefix = timesOfIdPrefix(text) !== null;
  const found = await batchesMatching(api, ({ id, name }) => (byPrefix ? id.startsWith(text) : name === text));
  return chosen(found, text, use, { thing: 'batch', byPrefix, list: 'batch list' });
}

interface Question {
  readonly thing: 'import' | 'batch';
  readonly byPrefix: boolean;
  /** The command that lists all matches. */
  readonly list: string;
}

function chosen(found: readonly Match[], text: string, use: Use, { thing, byPrefix, list }: Question): string {
  const [first, second] = found;
  if (first === undefined) return text;
  if (second === undefined) return first.id;
  const things = thing === 'import' ? 'imports' : 'batches';
  if (use === 'show' && !byPrefix) {
    say(clean(`several ${things} are named ${text}: this is the newest, ${first.id} (all: ecs-image-import ${list})`));
    return first.id;
  }
  const shown = found.slice(0, MOST_SHOWN).map(({ id, name, state, createdAt }) => {
    return clean(`  ${id}  ${state}  ${name}  ${createdAt.slice(0, 19).replace('T', ' ')}`);
  });
  const more = found.length > MOST_SHOWN ? ['  …'] : [];
  const what = byPrefix ? `the IDs of several ${things} begin with ${text}` : `several ${things} are named ${text}`;
  throw new CommandError(EXIT.usage, [clean(`${what}. Give the ID of one:`), ...shown, ...more]);
}

function quoted(text: string): string {
  return /^[\w.:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

const FIELDS: readonly ImportField[] = ['state', 'phase', 'progress', 'request', 'createdAt'];

interface ImportQuery {
  readonly name?: string;
  readonly since?: string;
  readonly until?: string;
}

function importsNamed(api: Api, name: string): Promise<readonly Match[]> {
  return importsMatching(api, { name }, ({ request }) => request.imageName === name);
}

/** @param times in milliseconds since 1970 */
function importsWithin(
  api: Api,
  times: { readonly from: number; readonly to: number },
  matches: (id: string) => boolean,
): Promise<readonly Match[]> {
  const iso = (ms: number) => new Date(Math.min(Math.max(0, ms), LAST_TIME_MS)).toISOString();
  const query = { since: iso(times.from - CLOCKS_DIFFER_MS), until: iso(times.to + CLOCKS_DIFFER_MS) };
  return importsMatching(api, query, ({ id }) => matches(id));
}

/** The end of the year 9999, the last that ISO 8601 writes with four digits. */
const LAST_TIME_MS = 253_402_300_799_000;

async function importsMatching(
  api: Api,
  query: ImportQuery,
  matches: (line: ImportLine) => boolean,
): Promise<readonly Match[]> {
  return await firstMatches(async (cursor) => {
    const given = { ...query, fields: FIELDS, limit: PAGE, ...(cursor === null ? {} : { cursor }) };
    const text = await textOf(
      api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/imports', { params: { query: given }, ...TEXT }),
    );
    const { items, nextCursor } = readImportLines(text);
    const found = items.filter(matches).map(({ request, ...line }) => ({ ...line, name: request.imageName }));
    return { found, nextCursor };
  });
}

async function batchesMatching(api: Api, matches: (batch: Match) => boolean): Promise<readonly Match[]> {
  let seen = 0;
  return await firstMatches(async (cursor) => {
    const query = { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
    const text = await textOf(
      api.typed({ retryForMs: RETRY_FOR_MS }).GET('/v1/batches', { params: { query }, ...TEXT }),
    );
    const { items, nextCursor } = readBatchPage(text);
    seen += items.length;
    return { found: items.filter(matches), nextCursor: seen < MOST_BATCHES ? nextCursor : null };
  });
}

/** Newest first. */
async function firstMatches(
  read: (cursor: string | null) => Promise<{ readonly found: readonly Match[]; readonly nextCursor: string | null }>,
): Promise<readonly Match[]> {
  const all: Match[] = [];
  let cursor: string | null = null;
  try {
    do {
      const page = await read(cursor);
      all.push(...page.found);
      cursor = page.nextCursor;
    } while (cursor !== null && all.length <= MOST_SHOWN);
    return all;
  } catch (error) {
    // The text cannot be a name, or this key or API has no list: the next call reports what is wrong.
    if ((error instanceof ApiProblem && error.status < 500) || error instanceof UnexpectedAnswerError) return [];
    throw error;
  }
}
