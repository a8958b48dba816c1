/** Whether the API can be reached, as the last requests and streams have shown. */
import { signal } from '@preact/signals';

/** When the API was lost; null while it can be reached. */
export const offlineSince = signal<Date | null>(null);

export function reached(): void {
  offlineSince.value = null;
}

export function unreached(): void {
  offlineSince.value ??= new Date();
}

/** Runs when the API can be reached again, or this tab is shown again. */
export function onReturn(run: () => void): () => void {
  const shown = () => {
    if (document.visibilityState === 'visible') run();
  };
  addEventListener('online', run);
  document.addEventListener('visibilitychange', shown);
  return () => {
    removeEventListener('online', run);
    document.removeEventListener('visibilitychange', shown);
  };
}
