/** The errors of API calls. Every error has a stable `name`. */
import type { RequestProblem } from '../domain/request/request.js';

/** The fields of a problem document (RFC 9457) as this API sends it. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable, for programs: `notFound`, `conflict`, `invalid` … */
  readonly code: string;
  /** What to do; may be empty. */
  readonly remedy: string;
  /** All problems of an invalid request, by field; empty for other errors. */
  readonly errors: readonly RequestProblem[];
}

/** The API returned an error. `status` below 500: fix the call. 500 or above: the service must recover. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    readonly status: number,
    /** Null if the response was not a problem document. */
    readonly problem: ProblemDocument | null,
    /** The response body as received. */
    readonly body: string,
  ) {
    super(messageOf(status, problem, body));
  }
}

/** No response: the API is down, the address is wrong, or the time limit passed. */
export class ApiUnreachableError extends Error {
  override readonly name = 'ApiUnreachableError';

  constructor(
    readonly baseUrl: string | null,
    /** `ECONNREFUSED`, `no response within 30 s` … */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`the API${baseUrl === null ? '' : ` at ${baseUrl}`} cannot be reached: ${reason}`, options);
  }
}

/** The response is not what this API sends: the address belongs to another service, or the versions do not match. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';

  constructor(
    /** `import`, `list of imports`, `batch` … */
    readonly expected: string,
    /** The response body as received. */
    readonly body: string,
  ) {
    super(`the response of the API is not ${article(expected)} ${expected}. Check the address of the API.`);
  }
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? 'an' : 'a';
}

/** The message of one of `errors`, with its path unless the message starts with it. */
export function faultText({ path, message }: { readonly path: string; readonly message: string }): string {
  return path === '' || message.startsWith(path) ? message : `${path}: ${message}`;
}

function messageOf(status: number, problem: ProblemDocument | null, body: string): string {
  if (problem === null) return `the API responded with status ${status}: ${body.slice(0, 200)}`;
  const faults = problem.errors.map(faultText);
  if (faults.length > 0) return faults.join('; ');
  return [problem.detail || problem.title || `the API responded with status ${status}`, problem.remedy]
    .filter((part) => part !== '')
    .join('. ');
}
