/** The clients of the worker's own account; no other account is configured. */
import type { AccountClients, CloudAccounts } from '../../../alibaba/account-clients.js';
import type { Cloud } from '../../../alibaba/cloud.js';

export function ownAccount(cloud: Cloud, watchers: AccountClients['watchers'] = NONE): CloudAccounts {
  return {
    names: [],
    of(name) {
      if (name !== undefined) throw new Error(`account ${name} is not configured`);
      return { cloud, watchers };
    },
  };
}

const NONE: AccountClients['watchers'] = { next: () => Promise.reject(new Error('nothing is watched')) };
