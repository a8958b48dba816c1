/** Starts the delivery of webhooks in this process, and makes what their routes need. */
import type { ApiConfig } from '../config/api.js';
import { createKeyStore } from '../store/api-keys.js';
import type { openPool } from '../store/database.js';
import { createDeliveryStore } from '../store/webhook-deliveries.js';
import { createWebhookEventStore } from '../store/webhook-events.js';
import { createWebhookStore } from '../store/webhooks.js';
import type { DeliverDependencies } from '../webhooks/deliver.js';
import { keepWebhooks } from '../webhooks/keep.js';
import { createWebhookTargets } from '../webhooks/target.js';
import type { ApiDependencies } from './dependencies.js';

const KEY = 'key:';

export function startWebhooks(
  pool: ReturnType<typeof openPool>,
  { webhooks: settings, access }: Pick<ApiConfig, 'webhooks' | 'access'>,
  log: DeliverDependencies['log'],
): { readonly forRoutes: ApiDependencies['webhooks']; readonly stop: () => Promise<void> } {
  const store = createWebhookStore(pool);
  const deliveries = createDeliveryStore(pool);
  const targets = createWebhookTargets(settings);
  const keys = createKeyStore(pool);
  const stop = keepWebhooks({
    ...{ webhooks: store, deliveries, targets, log, keepDays: settings.keepDays },
    events: createWebhookEventStore(pool),
    async areValid(creatorIds) {
      const prefixes = creatorIds.flatMap((id) => (id.startsWith(KEY) ? [id.slice(KEY.length)] : []));
      const active = prefixes.length === 0 ? new Set<string>() : await keys.activeAmong(prefixes);
      return new Set(
        creatorIds.filter((id) => (id.startsWith(KEY) ? active.has(id.slice(KEY.length)) : isAccepted(access, id))),
      );
    },
  });
  return {
    forRoutes: { store, deliveries, refusal: targets.refusal },
    async stop() {
      await stop();
      targets.close();
    },
  };
}

/** Whether a request of this identity would be accepted, of one that is in the configuration. */
function isAccepted({ isOpen, token }: ApiConfig['access'], id: string): boolean {
  if (id === 'anonymous') return isOpen;
  return id !== 'token' || token !== null;
}
