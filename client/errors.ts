/** What a call to the API can fail with. Every error has a stable `name`. */
import type { RequestProblem } from '../domain/request/request.js';

/** The fields of a problem document (RFC 9457) as this API sends it. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable, for programs: `notFound`, `conflict`, `invalid` … */
  readonly code: string;
  /** What to do about it; may be empty. */
  readonly remedy: string;
  /** Everything that is wrong with the request, field by field; empty unless the request is invalid. */
  readonly errors: readonly RequestProblem[];
}

/** The API refused the call. `status` below 500: the caller can fix it; from 500 on: the service has to recover. */
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
    /** `ECONNREFUSED`, `no answer within 30 s` … */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`the API${baseUrl === null ? '' : ` at ${baseUrl}`} can't be reached: ${reason}`, options);
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
    super(`the API's answer is not ${article(expected)} ${expected}: check the address of the API`);
  }
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? 'an' : 'a';
}

function messageOf(status: number, problem: ProblemDocument | null, body: string): string {
  if (problem === null) return `the API answered ${status}: ${body.slice(0, 200)}`;
  const faults = problem.errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  if (faults.length > 0) return faults.join('; ');
  return [problem.detail || problem.title || `the API answered ${status}`, problem.remedy]
    .filter((part) => part !== '')
    .join('. ');
}
