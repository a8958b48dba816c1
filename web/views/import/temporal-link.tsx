/** A link to the workflow in Temporal's web interface, where this API serves it and the identity may open it. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, BASE, send } from '../../api.js';
import { t } from '../../i18n.js';
import { mayDo } from '../../session.js';

/** Requested once for the page; null: not yet. */
let isServed: Promise<boolean> | null = null;

function hasTemporalUi(): Promise<boolean> {
  isServed ??= send(new Request(`${BASE}/temporal`)).then(
    () => true,
    (error: unknown) => {
      // An outage says nothing about it.
      if (error instanceof ApiError && (error.status === 0 || error.status >= 500)) isServed = null;
      return false;
    },
  );
  return isServed;
}

export function TemporalLink({ id }: { readonly id: string }) {
  const isShown = useSignal(false);
  const mayRead = mayDo('temporal.read', 'service');
  useEffect(() => {
    if (!mayRead) return;
    void hasTemporalUi().then((served) => {
      isShown.value = served;
    });
  }, [mayRead]);
  if (!isShown.value) return null;
  const workflow = encodeURIComponent(`import/${id}`);
  return (
    <a
      class="small"
      href={`${BASE}/temporal/namespaces/default/workflows/${workflow}`}
      target="_blank"
      rel="noreferrer"
    >
      {t('images.temporal')}
    </a>
  );
}
