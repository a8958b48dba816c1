/** Whether the servers can be reached, workers poll, and the cloud accepts calls. */
import { ApiError, BASE, type Schemas, send } from '../../api.js';
import { Card, Table } from '../../components/layout.js';
import { Empty, ErrorNote } from '../../components/note.js';
import { Badge, Time } from '../../components/show.js';
import { countText } from '../../format.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import type { OverviewData } from './data.js';

type Readiness = Schemas['Readiness'];

const EVERY_MS = 10_000;

/** The API answers 503 with the same document. */
async function readReadiness(signal: AbortSignal): Promise<Readiness> {
  const response = await send(new Request(`${BASE}/readyz`, { signal }), [503]);
  const document: Readiness = await response.json();
  if (!Array.isArray(document.checks)) throw new ApiError(response.status, '', t('overview.noReadiness'), '');
  return document;
}

export function Health({ overview }: { readonly overview: OverviewData }) {
  const { data, error } = usePolled('readyz', EVERY_MS, readReadiness);
  // Without a limit, there is nothing to show.
  const budgets = overview.budgets.filter(({ perMinute, blockedUntil }) => perMinute !== null || blockedUntil !== null);
  const blocked = budgets.filter(({ blockedUntil }) => blockedUntil !== null);
  return (
    <div class="columns health">
      <Card
        title={t('health.title')}
        isFlush
        actions={
          data === null ? undefined : (
            <Badge tone={data.status === 'ready' ? 'good' : 'bad'}>
              {t(data.status === 'ready' ? 'health.ready' : 'health.notReady')}
            </Badge>
          )
        }
      >
        {error === null ? null : <ErrorNote error={error} />}
        <ul class="lines">
          {(data?.checks ?? []).map(({ name, ok, message }) => (
            <li key={name}>
              <Badge tone={ok ? 'good' : 'bad'}>{name}</Badge>
              <span class="small wrap" lang="en">
                {message}
              </span>
            </li>
          ))}
          {(data?.workers ?? [])
            .filter(({ alive }) => alive)
            .map(({ identity, host, seenAt }) => (
              <li key={identity}>
                <span class="wrap">{t('health.worker', { host })}</span>
                <span class="small muted">
                  {t('health.seen')} <Time at={seenAt} form="time" />
                </span>
              </li>
            ))}
        </ul>
      </Card>
      <Card title={t('health.queues')} isFlush>
        {overview.queues.length === 0 ? (
          <Empty title={t('health.queuesNone')} />
        ) : (
          <Table
            name={t('health.queues')}
            rows={overview.queues}
            keyOf={({ queue }) => queue}
            columns={[
              { title: t('health.queue'), cell: ({ queue }) => <code class="wrap">{queue}</code> },
              {
                ...{ title: t('health.workers'), isNumber: true },
                cell: ({ workers, waiting }) => (
                  <Badge tone={workers > 0 ? 'good' : waiting > 0 ? 'bad' : 'idle'}>{countText(workers)}</Badge>
                ),
              },
              { title: t('health.waiting'), cell: ({ waiting }) => countText(waiting), isNumber: true },
            ]}
          />
        )}
      </Card>
      <Card
        title={t('health.budgets')}
        isFlush
        actions={
          <Badge tone={blocked.length > 0 ? 'warn' : 'good'}>
            {blocked.length > 0 ? t('health.throttled', { count: blocked.length }) : t('health.noneThrottled')}
          </Badge>
        }
      >
        {budgets.length === 0 ? (
          <Empty title={t('health.noBudgets')} />
        ) : (
          <Table
            name={t('health.budgets')}
            rows={budgets}
            keyOf={({ accountId, service, region, action }) => `${accountId} ${service} ${region} ${action}`}
            columns={[
              {
                title: t('health.call'),
                cell: ({ service, action }) => <code class="wrap">{`${service}.${action}`}</code>,
              },
              { title: t('imports.region'), cell: ({ region }) => region },
              {
                ...{ title: t('health.perMinute'), isNumber: true },
                cell: ({ perMinute, blockedUntil }) =>
                  blockedUntil !== null ? <Badge tone="warn">{t('health.paused')}</Badge> : countText(perMinute ?? 0),
              },
            ]}
          />
        )}
      </Card>
    </div>
  );
}
