/** OIDC in this process: bearer tokens, and sign-in of browsers. */
import type { OidcIssuer } from '../../../config/oidc.js';
import type { OidcStore } from '../../../store/oidc.js';
import type { Authenticator } from '../authenticate.js';
import type { KeyLookup } from '../key-lookup.js';
import { openIssuerKeys } from './keys.js';
import { createSignIns, type OidcSignIns, oidcKeyLookup } from './sign-in.js';
import { bearerAuthenticator } from './verify.js';

export interface OpenOidc {
  readonly authenticator: Authenticator;
  readonly keyOf: KeyLookup;
  readonly signIns: OidcSignIns;
  stop(): void;
}

/** The keys are read in the background: the API also starts while an issuer is away. */
export function openOidc(issuers: readonly OidcIssuer[], store: OidcStore, warn: (problem: string) => void): OpenOidc {
  const open = issuers.map((settings) => ({ settings, keys: openIssuerKeys(settings, warn) }));
  return {
    authenticator: bearerAuthenticator(open),
    keyOf: oidcKeyLookup(issuers, store),
    signIns: createSignIns(open, store),
    stop() {
      for (const { keys } of open) keys.stop();
    },
  };
}
