/** For tests of what an API does for a sender who may do everything. */
import type { Authenticator } from '../../../api/access/authenticate.js';
import { ANONYMOUS } from '../../../domain/access/identity.js';

export const OPEN: readonly Authenticator[] = [async () => ANONYMOUS];

/** An audit log that records nothing. */
export const UNRECORDED = { middleware: (_context: unknown, next: () => Promise<void>) => next() };
