/** Sends requests to the API: address, token, time limits and safe retries. Every failure is a typed error. */
import { setTimeout as sleep } from 'node:timers/promises';
import createClient, { type Client } from 'openapi-fetch';
import { isObject } from '../domain/json-value.js';
import type { paths } from './api-types.js';
import { ApiProblem, ApiUnreachableError, type ProblemDocument } from './errors.js';

export interface TransportOptions {
  /**
   * `http://host:port`, or a function that finds it, called for every attempt. If it rejects, the call rejects with
   * the same error; a watch retries after an `ApiUnreachableError`.
   */
  readonly baseUrl: string | (() => Promise<string>);
  /** Sent as a bearer token. A function is called for every attempt with the address of the API; null: none is sent. */
  readonly token?: string | ((baseUrl: string) => Promise<string | null>);
  /** Name and version of the program, for the reports of imports. Default: `ecs-image-import-client`. */
  readonly userAgent?: string;
  /** Who calls, e.g. `user@host`. The API records it as stated. */
  readonly user?: string;
  /** The trace that the calls belong to, as the header of W3C Trace Context has it. Default: none. */
  readonly traceparent?: string;
}

export interface CallSettings {
  /** Time limit of the response; ms. Default 30,000. */
  readonly answerWithinMs?: number;
  /** Statuses other than 2xx that are not errors. */
  readonly alsoFine?: readonly number[];
  /** How long to retry a failed connection, a 503 or a 429; ms. Only for calls that are safe to repeat. Default 0. */
  readonly retryForMs?: number;
}

export interface Call extends CallSettings {
  readonly method: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Instead of `body`: opened again for every attempt, and streamed. */
  readonly file?: { readonly type: string; readonly open: () => ReadableStream<Uint8Array> };
  readonly headers?: Readonly<Record<string, string>>;
}

/** The operations of the OpenAPI document, with their types. A failed call rejects; its `error` is never set. */
export type TypedApi = Client<paths>;

export interface Answer {
  readonly status: number;
  /** The body as received. */
  readonly text: string;
}

export interface Transport {
  readonly call: (call: Call) => Promise<Answer>;
  /** Calls by the types of the OpenAPI document. */
  readonly typed: (settings?: CallSettings) => TypedApi;
  /** An open response, for streams. */
  readonly open: (path: string, headers: Readonly<Record<string, string>>, signal?: AbortSignal) => Promise<Response>;
}

const ANSWER_WITHIN_MS = 30_000;
const RETRY_EVERY_MS = 300;
/** Statuses of an outage and of a limit. */
const MAY_PASS: readonly number[] = [503, 429];

export function createTransport({ baseUrl, token, userAgent, user, traceparent }: TransportOptions): Transport {
  const sender: Record<string, string> = {
    'user-agent': userAgent ?? 'ecs-image-import-client',
    ...(user === undefined ? {} : { 'x-ecs-import-user': encodeURIComponent(user) }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  const credential = async (base: string): Promise<Readonly<Record<string, string>>> => {
    const key = typeof token === 'function' ? await token(base) : token;
    return key === undefined || key === null ? {} : { authorization: `Bearer ${key}` };
  };
  const findBase = async () => (typeof baseUrl === 'string' ? baseUrl : await baseUrl()).replace(/\/+$/, '');

  async function attempt(made: Call): Promise<Answer> {
    const { method, path, body, file, headers, answerWithinMs = ANSWER_WITHIN_MS } = made;
    const base = await findBase();
    const authorization = await credential(base);
    try {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(file === undefined ? {} : { 'content-type': file.type }),
          ...sender,
          ...authorization,
          ...headers,
        },
        ...(body === undefined ? {} : { body: body instanceof JsonText ? body.text : JSON.stringify(body) }),
        ...(file === undefined ? {} : { body: file.open(), duplex: 'half' }),
        signal: AbortSignal.timeout(answerWithinMs),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw unreachable(base, error, answerWithinMs);
    }
  }

  async function call(made: Call): Promise<Answer> {
    const { alsoFine = [], retryForMs = 0 } = made;
    const deadline = Date.now() + retryForMs;
    for (;;) {
      let failure: ApiProblem | ApiUnreachableError;
      try {
        const answer = await attempt(made);
        if ((answer.status >= 200 && answer.status < 300) || alsoFine.includes(answer.status)) return answer;
        failure = refusal(answer);
      } catch (error) {
        if (!(error instanceof ApiUnreachableError)) throw error;
        failure = error;
      }
      const mayPass =
        failure instanceof ApiUnreachableError ? failure.baseUrl !== null : MAY_PASS.includes(failure.status);
      if (!mayPass || Date.now() >= deadline) throw failure;
      await sleep(RETRY_EVERY_MS);
    }
  }

  function typed(settings: CallSettings = {}): TypedApi {
    return createClient<paths>({
      baseUrl: PLACEHOLDER,
      querySerializer: queryText,
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        const text = await request.text();
        const answer = await call({
          ...{ ...settings, method: request.method, path: `${pathname}${search}` },
          headers: Object.fromEntries(request.headers),
          ...(text === '' ? {} : { body: new JsonText(text) }),
        });
        return new Response(NO_CONTENT.includes(answer.status) ? null : answer.text, { status: answer.status });
      },
    });
  }

  async function open(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Response> {
    const base = await findBase();
    const authorization = await credential(base);
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, {
        headers: { ...sender, ...authorization, ...headers },
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(base, error, ANSWER_WITHIN_MS);
    }
    if (!response.ok) throw refusal({ status: response.status, text: await response.text() });
    return response;
  }

  return { call, typed, open };
}

/** Replaced for every attempt by the address of the API. */
const PLACEHOLDER = 'http://api.invalid';
const NO_CONTENT: readonly number[] = [204, 304];

/** A body that is written already. */
class JsonText {
  constructor(readonly text: string) {}
}

/** Parameters whose names are separated by commas. Other lists are repeated. */
const WITH_COMMAS: readonly string[] = ['fields'];

function queryText(query: Readonly<Record<string, unknown>>): string {
  const values = Object.entries(query).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) return [[name, typeof value === 'object' ? JSON.stringify(value) : String(value)]];
    return WITH_COMMAS.includes(name) ? [[name, value.join(',')]] : value.map((one) => [name, String(one)]);
  });
  return new URLSearchParams(values).toString();
}

/** The body of an answer as received: `textOf(api.typed().GET('/v1/holds', TEXT))`. */
export async function textOf(answer: Promise<{ readonly data?: string }>): Promise<string> {
  return (await answer).data ?? '';
}

/** Reads the body of an answer as text, so that it can be checked and shown as it is. */
export const TEXT = { parseAs: 'text' } as const;

/** Undefined if the text is not JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(base: string, error: unknown, withinMs: number): ApiUnreachableError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const late = cause instanceof Error && cause.name === 'TimeoutError';
  const code = isObject(cause) && typeof cause.code === 'string' ? cause.code : String(cause);
  return new ApiUnreachableError(base, late ? `no response within ${withinMs / 1_000} s` : code, { cause: error });
}

function refusal({ status, text }: Answer): ApiProblem {
  const document = parse(text);
  return new ApiProblem(status, isObject(document) ? problemOf(status, document) : null, text);
}

function problemOf(status: number, document: Readonly<Record<string, unknown>>): ProblemDocument {
  const textAt = (name: string) => (typeof document[name] === 'string' ? document[name] : '');
  const errors = Array.isArray(document.errors) ? document.errors.filter(isObject) : [];
  return {
    type: textAt('type'),
    title: textAt('title'),
    status,
    detail: textAt('detail'),
    code: textAt('code'),
    remedy: textAt('remedy'),
    errors: errors.map((fault) => ({
      path: stringOr(fault.path, ''),
      rule: stringOr(fault.rule, ''),
      given: stringOr(fault.given, null),
      message: stringOr(fault.message, stringOr(fault.rule, 'invalid')),
      vendorCode: stringOr(fault.vendorCode, null),
    })),
  };
}

function stringOr<Fallback>(value: unknown, fallback: Fallback): string | Fallback {
  return typeof value === 'string' ? value : fallback;
}
