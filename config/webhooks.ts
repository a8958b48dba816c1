/** Settings of webhooks: which addresses they may be sent to, and how long deliveries are kept. */
import { z } from 'zod';
import { commaList } from './environment.js';
import { areAddresses } from './worker.js';

export interface WebhookConfig {
  /** `example.com`, or `*.example.com` for all its subdomains; empty: any host. */
  readonly hosts: readonly string[];
  /** Addresses (`127.0.0.1`, `10.0.0.0/8`) that are allowed although their range is refused by default. */
  readonly addresses: readonly string[];
  /** Ended deliveries are deleted after so many days. */
  readonly keepDays: number;
}

const KEEP_DAYS = 30;

export const webhookVariables = {
  ECS_IMPORT_WEBHOOK_HOSTS: commaList,
  ECS_IMPORT_WEBHOOK_ADDRESSES: commaList.refine(areAddresses, 'set addresses or networks, e.g. 127.0.0.1,10.0.0.0/8'),
  ECS_IMPORT_WEBHOOK_KEEP_DAYS: z.coerce.number().int().min(1).max(3_650).default(KEEP_DAYS),
};

export function webhookConfig(read: z.infer<z.ZodObject<typeof webhookVariables>>): WebhookConfig {
  return {
    hosts: read.ECS_IMPORT_WEBHOOK_HOSTS,
    addresses: read.ECS_IMPORT_WEBHOOK_ADDRESSES,
    keepDays: read.ECS_IMPORT_WEBHOOK_KEEP_DAYS,
  };
}
