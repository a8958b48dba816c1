/** Speaks to the API: tries again where that is safe, and turns every refusal into lines for a person. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type ImportView, PHASES, STATES } from '../domain/import.js';
import { isObject } from '../domain/json-value.js';
import { CommandError, EXIT } from './exit.js';
import { findApi } from './find-api.js';
import { clean } from './format.js';
import type { GlobalOptions } from './globals.js';

export interface Answer {
  readonly status: number;
  /** The body as it came. */
  readonly text: string;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** In place of `body`: opened anew for every attempt, sent as it is read. */
  readonly file?: { readonly type: string; readonly open: () => ReadableStream<Uint8Array> };
  /** How long the answer may take; ms. */
  readonly answerWithinMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses other than 2xx that are an answer too, not an error. */
  readonly alsoFine?: readonly number[];
  /** How long a lost connection is tried again; only for calls that may be made twice. */
  readonly patienceMs?: number;
}

const ANSWER_WITHIN_MS = 30_000;
/** A supervised API that died is back sooner. */
export const SHORT_PATIENCE_MS = 3_000;

export interface Api {
  readonly call: (call: Call) => Promise<Answer>;
  /** An open response, for streams. */
  readonly open: (path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Response>;
}

export function openApi(options: Pick<GlobalOptions, 'api'>, env: NodeJS.ProcessEnv = process.env): Api {
  const token = env.ECS_IMPORT_API_TOKEN;
  const authorization: Record<string, string> =
    token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };

  async function call(made: Call): Promise<Answer> {
    const {
      method,
      path,
      body,
      file,
      headers,
      alsoFine = [],
      patienceMs = 0,
      answerWithinMs = ANSWER_WITHIN_MS,
    } = made;
    const deadline = Date.now() + patienceMs;
    for (;;) {
      // Looked for at every attempt: an `up` that was started again may listen elsewhere.
      const base = await findApi(options.api, env);
      const sent = await send(`${base}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(file === undefined ? {} : { 'content-type': file.type }),
          ...authorization,
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(file === undefined ? {} : { body: file.open(), duplex: 'half' }),
        signal: AbortSignal.timeout(answerWithinMs),
      }).catch((error: unknown) => unreachable(base, error));
      if (!(sent instanceof CommandError)) {
        if ((sent.status >= 200 && sent.status < 300) || alsoFine.includes(sent.status)) return sent;
        if (sent.status !== 503) throw refusal(sent);
      }
      if (Date.now() >= deadline) throw sent instanceof CommandError ? sent : refusal(sent);
      await sleep(300);
    }
  }

  async function open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const base = await findApi(options.api, env);
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, { headers: { ...authorization, ...headers }, signal });
    } catch (error) {
      throw unreachable(base, error);
    }
    if (!response.ok) throw refusal({ status: response.status, text: await response.text() });
    return response;
  }

  return { call, open };
}

/** One import; `CommandError` when there is none. */
export async function getImport(api: Api, id: string): Promise<{ readonly view: ImportView; readonly text: string }> {
  const { text } = await api.call({ method: 'GET', path: importPath(id), patienceMs: SHORT_PATIENCE_MS });
  return { view: readView(text), text };
}

export function importPath(id: string, rest = ''): string {
  return `/v1/imports/${encodeURIComponent(id)}${rest}`;
}

export function readView(text: string): ImportView {
  const value = parse(text);
  if (isImportView(value)) return value;
  throw new CommandError(EXIT.failed, ['the API answered with something that is no import: is --api right?']);
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isImportView(value: unknown): value is ImportView {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    STATES.some((state) => state === value.state) &&
    PHASES.some((phase) => phase === value.phase) &&
    isObject(value.progress) &&
    isObject(value.request) &&
    [value.findings, value.ledger, value.timeline].every(Array.isArray)
  );
}

async function send(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text() };
}

function unreachable(base: string, error: unknown): CommandError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const late = cause instanceof Error && cause.name === 'TimeoutError';
  const code = isObject(cause) && typeof cause.code === 'string' ? cause.code : String(cause);
  const reason = late ? `no answer within ${ANSWER_WITHIN_MS / 1_000} s` : code;
  return new CommandError(
    EXIT.failed,
    [`the API at ${base} can't be reached (${reason}): start it with \`ecs-image-import up\`, or check --api`],
    null,
    { cause: error },
  );
}

/** The API's problem document, one fact a line: the request's faults with their fields, else what and how to mend it. */
function refusal({ status, text }: Answer): CommandError {
  // What the caller can mend is wrong usage; what the service has to mend is a failure.
  const exitCode = status >= 400 && status < 500 ? EXIT.usage : EXIT.failed;
  const problem = parse(text);
  if (!isObject(problem)) {
    return new CommandError(exitCode, [`the API answered ${status}: ${clean(text).slice(0, 200)}`]);
  }
  const errors = Array.isArray(problem.errors) ? problem.errors.filter(isObject) : [];
  const said = [problem.detail ?? problem.title ?? `the API answered ${status}`, problem.remedy]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('. ');
  const lines = errors.length > 0 ? errors.map(faultLine) : [clean(said)];
  return new CommandError(exitCode, lines, text);
}

function faultLine(fault: Readonly<Record<string, unknown>>): string {
  const path = typeof fault.path === 'string' && fault.path !== '' ? `${fault.path}: ` : '';
  return clean(`${path}${String(fault.message ?? fault.rule ?? 'is wrong')}`);
}
