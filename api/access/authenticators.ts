/** The ways in which this process finds out who sends a request. */
import type { ApiAccess } from '../../config/api-access.js';
import { ensureApiToken } from '../../config/api-token.js';
import { ANONYMOUS, type Identity, UNLIMITED } from '../../domain/access/identity.js';
import type { Authenticator } from './authenticate.js';
import { fixedToken } from './bearer-token.js';

const ADMIN = { role: 'admin', scope: UNLIMITED } as const;
const TOKEN: Identity = { id: 'token', name: 'ECS_IMPORT_API_TOKEN', ...ADMIN };
const LOCAL: Identity = { id: 'local', name: 'the local user', ...ADMIN };

/** Throws an error with the reason if the key file cannot be read or written. */
export function authenticatorsOf(
  { token, tokenFile, isOpen }: ApiAccess,
  warn: (problem: string) => void,
): readonly Authenticator[] {
  const local = tokenFile === null ? null : ensureApiToken(tokenFile, token);
  if (isOpen) {
    warn('access control is off (ECS_IMPORT_INSECURE_NO_AUTH): every program and user of this machine is an admin');
    return [async () => ANONYMOUS];
  }
  return [
    ...(token === null ? [] : [fixedToken(token, TOKEN)]),
    ...(local === null || local === token ? [] : [fixedToken(local, LOCAL)]),
  ];
}
