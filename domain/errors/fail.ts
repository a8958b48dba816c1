/** The one way to make a failure of our own: its class and remedy come from the catalogue. */

import { type CatalogueCode, failureOf } from './catalogue.js';
import { FailureError } from './failure.js';
import type { RemedyValues } from './placeholders.js';
import { redact } from './redact.js';

export interface FailureDetails {
  /** The request field to blame, where it is not the catalogue entry's. */
  readonly field?: string;
  /** `ecs`, `ram`, `oss` … and the action, where a call to the cloud led to it; the remedy may name a permission by them. */
  readonly service?: string;
  readonly action?: string;
  readonly status?: number;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  readonly outcomeUnknown?: boolean;
  /** What the failure is about, where it is not what the request names. */
  readonly values?: RemedyValues;
  readonly cause?: unknown;
}

/**
 * @param message what happened, to what; secrets are removed from it
 */
export function fail(code: CatalogueCode, message: string, details: FailureDetails = {}): FailureError {
  const { cause, service, action, ...facts } = details;
  const {
    service: _service,
    action: _action,
    ...failure
  } = failureOf({
    service: service ?? 'own',
    action: action ?? '',
    code,
    message,
    ...facts,
  });
  return new FailureError(
    {
      ...failure,
      // For a vendor's code the catalogue would put its meaning before the text, which is the whole message here.
      message: redact(message).trim(),
      ...(service === undefined ? {} : { service }),
      ...(action === undefined ? {} : { action }),
    },
    cause === undefined ? undefined : { cause },
  );
}
