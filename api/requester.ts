/** Who sends a request: its identity, and what the client states. */
import type { Context } from 'hono';
import type { Requester } from '../domain/import-facts.js';
import { printableLine } from '../domain/printable.js';
import { identityOf } from './access/authenticate.js';

/** Sent by the command line: `user@host`, percent-encoded. */
export const USER_HEADER = 'x-ecs-import-user';
const MAX_CHARACTERS = 200;

export function requesterOf(context: Context): Requester {
  return { ...statedBy(context), identity: identityOf(context).id };
}

/** What the client states; of a request that may have no identity. */
export function statedBy(context: Context): Pick<Requester, 'client' | 'user'> {
  return {
    client: stated(context.req.header('user-agent')),
    user: stated(decoded(context.req.header(USER_HEADER))),
  };
}

function stated(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : printableLine([...text].slice(0, MAX_CHARACTERS).join(''));
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text.slice(0, 3 * MAX_CHARACTERS));
  } catch {
    return text;
  }
}
