/** Idempotency keys: two teams may choose the same one. */
import type { Identity } from '../../domain/access/identity.js';

/**
 * The key as it is stored. Keys and service accounts have theirs apart; the tokens of the operator share theirs with records of
 * earlier versions.
 */
export function ownKey({ id }: Identity, stated: string | null): string | null {
  return stated === null || !/^(key|oidc):/.test(id) ? stated : JSON.stringify([id, stated]);
}
