/** A wait for the next attempt: a source or a call to the cloud fails, and the service repeats it. */

export interface Retry {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** Of the failed call to the cloud; absent if there was none. */
  readonly requestId?: string;
  /** When the first of these failures in a row was recorded. */
  readonly since: string;
  /** When the next attempt starts. */
  readonly nextAt: string;
  /** The first failure after this time stops the import for attention, unless there is progress before. */
  readonly givesUpAt: string;
}

/** `Source.Unreachable: GET https://… failed (request r-1); failing since …, next attempt at …, stops for attention after …` */
export function retryMessage({ code, message, requestId, since, nextAt, givesUpAt }: Retry): string {
  const request = requestId === undefined ? '' : ` (request ${requestId})`;
  return `retrying after ${code}: ${message}${request}; failing since ${since}, next attempt at ${nextAt}, stops for attention after ${givesUpAt}`;
}
