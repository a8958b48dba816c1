/** Turns events into deliveries: one for each webhook that subscribes to the event and whose creator may see it. */
import type { Attention, ImportError } from '../domain/import.js';
import { type ImportEventData, isSubscribed, shortened, type WebhookPayload } from '../domain/webhooks.js';
import type { ImportOutcome, NewDelivery, Outcome, Subscriber, WebhookEventStore } from '../store/webhook-events.js';
import { maySee } from './visibility.js';

/**
 * A transaction that began before a webhook was created may commit its event later. No transaction of this service lasts as
 * long; a webhook may get events from shortly before its creation.
 */
const BEFORE_CREATION_MS = 60_000;

/** @returns false if there is nothing more to do now, or another process does it */
export async function fanOut(store: WebhookEventStore): Promise<boolean> {
  const from = await store.position();
  const settled = await store.settled(from);
  if (settled <= from) return false;
  const subscribers = await store.subscribers();
  if (subscribers.length === 0) {
    await store.advance(from, settled, []);
    return false;
  }
  const { outcomes, until } = await store.outcomes(from, settled);
  const deliveries = outcomes.flatMap((outcome) => deliveriesOf(outcome, subscribers));
  return (await store.advance(from, until, deliveries)) && until < settled;
}

function deliveriesOf(outcome: Outcome, subscribers: readonly Subscriber[]): readonly NewDelivery[] {
  const type = `${outcome.kind}.${outcome.state}`;
  const interested = subscribers.filter(
    ({ events, creator, createdAt }) =>
      isSubscribed(events, type) &&
      outcome.at.getTime() >= createdAt.getTime() - BEFORE_CREATION_MS &&
      maySee(creator, outcome),
  );
  if (interested.length === 0) return [];
  const payload = JSON.stringify({
    type,
    timestamp: outcome.at.toISOString(),
    data: dataOf(outcome),
  } satisfies WebhookPayload);
  return interested.map(({ id, isDisabled }) => ({
    webhookId: id,
    // The same if it is computed again, and without a full stop, which separates the signed parts.
    id: `msg_${outcome.eventId}_${id.replace('-', '_')}`,
    type,
    payload,
    isDead: isDisabled,
  }));
}

function dataOf(outcome: Outcome): object {
  if (outcome.kind === 'import') return importData(outcome);
  const { batchId, name, state, attention, counts } = outcome;
  return { id: batchId, name, state, attention: attention === null ? null : shortened(attention), counts };
}

function importData({ importId, state, detail, request, batchId, image, copies }: ImportOutcome): ImportEventData {
  const isStopped = state === 'attention';
  const hasFailed = state === 'failed';
  return {
    id: importId,
    state,
    imageName: request.imageName,
    region: request.region,
    account: request.account ?? null,
    batchId,
    tags: request.tags,
    image,
    copies,
    attention: isStopped && isAttention(detail) ? shortened(detail) : null,
    error: hasFailed && isImportError(detail) ? shortened(detail) : null,
  };
}

function hasTexts(detail: object, names: readonly string[]): boolean {
  const texts = new Map(Object.entries(detail));
  return names.every((name) => typeof texts.get(name) === 'string');
}

function isAttention(detail: object): detail is Attention {
  return hasTexts(detail, ['code', 'message', 'remedy', 'since']);
}

function isImportError(detail: object): detail is ImportError {
  return hasTexts(detail, ['code', 'message', 'remedy', 'phase']);
}
