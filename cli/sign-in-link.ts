/** Creates a link that signs in to the page of an API. The code is in the fragment, which browsers do not send. */
import { UnexpectedAnswerError } from '../client/errors.js';
import { isObject } from '../domain/json-value.js';
import { type Api, parse, RETRY_FOR_MS, TEXT, textOf } from './api.js';

export interface SignInLink {
  readonly url: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** Throws `ApiProblem` if the API creates none. */
export async function createSignInLink(api: Api, baseUrl: string): Promise<SignInLink> {
  const text = await textOf(api.typed({ retryForMs: RETRY_FOR_MS }).POST('/v1/session/codes', TEXT));
  const created = parse(text);
  if (!isObject(created) || typeof created.code !== 'string' || typeof created.expiresAt !== 'string') {
    throw new UnexpectedAnswerError('sign-in code', text);
  }
  return { url: `${baseUrl}/#sign-in=${created.code}`, expiresAt: created.expiresAt };
}
