/** What happened, the latest first. */
import { useSignal } from '@preact/signals';
import { Card } from '../../components/layout.js';
import { Empty } from '../../components/note.js';
import { Badge, Time } from '../../components/show.js';
import { t } from '../../i18n.js';
import type { RecordedEvent } from './use-import.js';

const TONES = {
  state: 'run',
  phase: 'run',
  progress: 'idle',
  attention: 'warn',
  finding: 'idle',
  ledger: 'idle',
  note: 'idle',
} as const;
const SHOWN = 200;

export function Events({ events }: { readonly events: readonly RecordedEvent[] }) {
  const hasFindings = useSignal(false);
  const isAll = useSignal(false);
  const chosen = events.filter(({ type }) => hasFindings.value || type !== 'finding').reverse();
  const shown = isAll.value ? chosen : chosen.slice(0, SHOWN);
  return (
    <Card
      title={t('import.events')}
      isFlush
      actions={
        <label class="row small">
          <input
            type="checkbox"
            checked={hasFindings.value}
            onChange={({ currentTarget }) => {
              hasFindings.value = currentTarget.checked;
            }}
          />
          {t('events.withFindings')}
        </label>
      }
    >
      {shown.length === 0 ? (
        <Empty title={t('events.none')} />
      ) : (
        <ol class="lines events">
          {shown.map(({ id, at, type, phase, message }) => (
            <li key={id}>
              <Time at={at} form="time" />
              <span class="muted">{t(`phase.${phase}`)}</span>
              <Badge tone={TONES[type]}>{t(`events.${type}`)}</Badge>
              <span lang="en" class="wrap">
                {message}
              </span>
            </li>
          ))}
        </ol>
      )}
      {shown.length < chosen.length ? (
        <div class="card-body">
          <button
            type="button"
            class="button"
            onClick={() => {
              isAll.value = true;
            }}
          >
            {t('events.all', { count: chosen.length })}
          </button>
        </div>
      ) : null}
    </Card>
  );
}
