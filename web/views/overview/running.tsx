/** What runs now: how many by phase, and the imports themselves with their progress. */
import { hrefOf } from '../../address.js';
import { get } from '../../api.js';
import { Card } from '../../components/layout.js';
import { Empty, ErrorNote } from '../../components/note.js';
import { Badge, Progress } from '../../components/show.js';
import { countText } from '../../format.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { isStalled, progressWords, waitWords } from '../../words.js';
import type { OverviewData } from './data.js';

const SHOWN = 8;
const EVERY_MS = 2_000;
const FIELDS = ['state', 'phase', 'progress', 'request', 'waitingFor', 'updatedAt'] as const;

export function Running({ running }: { readonly running: OverviewData['running'] }) {
  // The longest without a change first: what is stuck is on top.
  const { data, error } = usePolled('running', EVERY_MS, (signal) =>
    get('/v1/imports', { query: { state: 'running', sort: 'updated', limit: SHOWN, fields: FIELDS }, signal }),
  );
  const imports = data?.imports ?? [];
  return (
    <Card
      title={t('overview.runningNow')}
      isFlush
      actions={
        running.stalled > 0 ? <Badge tone="warn">{t('overview.stalled', { count: running.stalled })}</Badge> : undefined
      }
    >
      {error === null ? null : <ErrorNote error={error} />}
      {running.phases.length === 0 ? null : (
        <ul class="phases">
          {running.phases.map(({ phase, imports: count, waiting }) => (
            <li key={phase}>
              <a href={hrefOf(['imports'], { state: ['running'], phase: [phase] })}>
                <span>{t(`phase.${phase}`)}</span> <strong class="number">{countText(count)}</strong>
                {waiting > 0 ? <span class="waits small">{t('overview.waiting', { count: waiting })}</span> : null}
              </a>
            </li>
          ))}
        </ul>
      )}
      {imports.length === 0 && running.imports === 0 ? (
        <Empty title={t('overview.nothingRuns')} />
      ) : (
        <ul class="running">
          {imports.map((one) => {
            const { id, state, phase, progress, request, updatedAt } = one;
            if (state === undefined || phase === undefined || progress === undefined) return null;
            const waitingFor = one.waitingFor ?? null;
            const wait = waitWords(waitingFor);
            const name = request?.imageName ?? id;
            return (
              <li key={id}>
                <a href={hrefOf(['imports', id])}>{name}</a>
                <span class="muted small">{request?.region}</span>
                <span class="running-words small">
                  {t(`phase.${phase}`)}{' '}
                  {isStalled({ state, waitingFor, updatedAt: updatedAt ?? '' }) ? (
                    <Badge tone="warn">{t('imports.stalled')}</Badge>
                  ) : null}{' '}
                  <span class={wait === null ? 'muted number' : 'waits'}>{wait ?? progressWords(progress)}</span>
                </span>
                <Progress
                  percent={progress.percent}
                  label={`${name}: ${t(`phase.${phase}`)}`}
                  tone={wait === null ? 'run' : 'warn'}
                />
              </li>
            );
          })}
        </ul>
      )}
      {running.imports > imports.length && imports.length > 0 ? (
        <p class="card-body small">
          <a href={hrefOf(['imports'], { state: ['running'] })}>
            {t('overview.allRunning', { count: running.imports })}
          </a>
        </p>
      ) : null}
    </Card>
  );
}
