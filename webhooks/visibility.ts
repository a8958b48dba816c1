/** Which events a webhook gets: those that the identity which created it may see. */
import type { Identity } from '../domain/access/identity.js';
import { may } from '../domain/access/may.js';
import { namedBy, namedByBatch } from '../domain/access/named.js';
import type { Outcome } from '../store/webhook-events.js';

export function maySee(creator: Identity, outcome: Outcome): boolean {
  return outcome.kind === 'import'
    ? may(creator, 'imports.read', namedBy(outcome.request)).allowed
    : may(creator, 'batches.read', namedByBatch(outcome.names)).allowed;
}
