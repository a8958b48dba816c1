/**
 * Tells workers at once that a cancel was recorded. Temporal tells an activity of a cancel with the response to a heartbeat,
 * so that a quick cancel would need a heartbeat each second, which a busy server and Temporal Cloud's bill both count.
 */
import { openListener } from './listener.js';
import { CANCELS_CHANNEL } from './step-write.js';
import { Subscribers } from './subscribers.js';

export interface CancelNotices {
  /** Calls `listener` when a cancel of this import or batch is recorded, and after each loss of the connection. */
  subscribe(id: string, listener: () => void): () => void;
  close(): Promise<void>;
}

/** @param url of a direct connection; through a pooler there are no notices, and cancels arrive with the heartbeats */
export function openCancelNotices(url: string): CancelNotices {
  const subscribers = new Subscribers();
  const listener = openListener({
    url,
    applicationName: 'ecs-image-import cancels',
    channel: CANCELS_CHANNEL,
    onNotify: (id) => subscribers.notify(id),
    onConnect: () => subscribers.notifyAll(),
  });
  return {
    subscribe: (id, onCancel) => subscribers.subscribe(id, onCancel),
    close: () => listener.close(),
  };
}
