/** One batch: its progress, policy, throughput, causes and items. */
import { type Signal, useSignal } from '@preact/signals';
import { isFinalBatch } from '../../../domain/batch/batch.js';
import { hrefOf } from '../../address.js';
import { get, post, type Schemas, send, urlOf } from '../../api.js';
import { Button } from '../../components/button.js';
import { ConfirmButton } from '../../components/confirm-button.js';
import { Card, Facts, PageHead } from '../../components/layout.js';
import { ErrorNote, Loading, Note, ServerText } from '../../components/note.js';
import { Time } from '../../components/show.js';
import { countText, durationText, sizeText } from '../../format.js';
import { language, t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { mayDo } from '../../session.js';
import { BatchStateBadge } from './batch-state.js';
import { Items } from './items.js';
import { PolicyPicture } from './policy-picture.js';
import { SeriesChart } from './series-chart.js';

type Batch = Schemas['Batch'];

const BARS = ['succeeded', 'failed', 'cancelled', 'attention', 'running', 'waiting'] as const;

export function OneBatch({ id }: { readonly id: string }) {
  const { data, error, reload } = usePolled(`batch ${id}`, 3_000, (signal) =>
    get('/v1/batches/{id}', { path: { id }, signal }),
  );
  const series = usePolled(`series ${id}`, 6_000, (signal) =>
    get('/v1/batches/{id}/series', { path: { id }, query: { steps: 60 }, signal }),
  );
  // The dialog of a change closes with its button, when the batch is in a state without it.
  const notice = useSignal('');
  if (data === null) return error === null ? <Loading lines={6} /> : <ErrorNote error={error} onRetry={reload} />;
  const { counts, policy, estimate } = data;
  return (
    <div class="stack">
      <PageHead title={data.name} actions={<Actions batch={data} reload={reload} notice={notice} />}>
        <div class="row">
          <BatchStateBadge state={data.state} />
          <code class="muted wrap">{id}</code>
        </div>
        <p role="status">{notice.value}</p>
      </PageHead>
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      {data.attention === null ? null : <Hold hold={data.attention} tone="warn" />}
      {data.waitsFor === null ? null : <Hold hold={data.waitsFor} tone="run" />}
      <Card title={t('batch.progress')}>
        <div class="stack-small">
          <CountsBar counts={counts} />
          <Facts
            facts={[
              [
                t('batch.rate'),
                data.importsPerMinute === null ? '–' : t('batch.perMinute', { count: decimal(data.importsPerMinute) }),
              ],
              [t('batch.eta'), data.etaSeconds === null ? '–' : durationText(data.etaSeconds)],
              [t('batch.uploaded'), uploadedText(estimate)],
              ...(estimate.cost === null
                ? []
                : [
                    [
                      t('batch.cost'),
                      t('batch.costText', {
                        amount: decimal(estimate.cost.storagePerMonth),
                        currency: estimate.cost.currency,
                      }),
                    ] as const,
                  ]),
              [t('batches.created'), <Time key="at" at={data.createdAt} />],
              ...(data.endedAt === null ? [] : [[t('batch.ended'), <Time key="end" at={data.endedAt} />] as const]),
              [t('batch.by'), data.createdBy?.user ?? data.createdBy?.identity ?? '–'],
            ]}
          />
        </div>
      </Card>
      <Card title={t('batch.series')}>
        {series.error === null ? null : <ErrorNote error={series.error} onRetry={series.reload} />}
        {series.data === null ? <Loading /> : <SeriesChart series={series.data} />}
      </Card>
      <Card title={t('batches.policy')}>
        <PolicyPicture policy={policy} items={counts.total - counts.invalid} counts={counts} />
      </Card>
      <Causes batch={data} reload={reload} />
      <Items id={id} counts={counts} />
    </div>
  );
}

function Hold({ hold, tone }: { readonly hold: NonNullable<Batch['attention']>; readonly tone: 'warn' | 'run' }) {
  return (
    <Note tone={tone} title={t(tone === 'warn' ? 'batch.stopped' : 'batch.waits')}>
      <ServerText text={hold.message} />
      <p class="remedy" lang="en">
        {hold.remedy}
      </p>
      <code class="muted">{hold.code}</code>
    </Note>
  );
}

function CountsBar({ counts }: { readonly counts: Batch['counts'] }) {
  return (
    <div class="counts">
      <div class="counts-bar" aria-hidden="true">
        {BARS.map((state) =>
          counts[state] === 0 ? null : <span key={state} class={`bar-${state}`} style={{ flexGrow: counts[state] }} />,
        )}
      </div>
      <ul class="legend">
        {BARS.map((state) => (
          <li key={state}>
            <span class={`swatch bar-${state}`} />
            {t(`batchState.${state}`)}: <strong class="number">{countText(counts[state])}</strong>
          </li>
        ))}
      </ul>
    </div>
  );
}

function uploadedText({ uploadedBytes, expectedUploadBytes }: Batch['estimate']): string {
  return expectedUploadBytes === null
    ? sizeText(uploadedBytes)
    : t('batch.uploadedOf', { done: sizeText(uploadedBytes), expected: sizeText(expectedUploadBytes) });
}

const decimal = (value: number) => new Intl.NumberFormat(language.value, { maximumFractionDigits: 1 }).format(value);

function Actions(props: { readonly batch: Batch; readonly reload: () => void; readonly notice: Signal<string> }) {
  const { batch, reload, notice } = props;
  const { id, state, counts } = batch;
  const isOver = isFinalBatch(state);
  const isHeld = state === 'paused' || state === 'attention';
  const failed = counts.failed;
  const steer = async (change: () => Promise<Batch>) => {
    const after = await change();
    notice.value = t('batch.now', { state: t(`batchState.${after.state}`) });
    reload();
    return notice.value;
  };
  return (
    <>
      {!isOver && !isHeld && state === 'running' && mayDo('batches.pause') ? (
        <ConfirmButton
          title={t('batch.pauseTitle')}
          summary={
            <p>{t('batch.pauseSummary', { running: countText(counts.running), waiting: countText(counts.waiting) })}</p>
          }
          confirm={t('batch.pause')}
          act={() => steer(() => post('/v1/batches/{id}/pause', { path: { id }, body: {} }))}
        >
          {t('batch.pause')}
        </ConfirmButton>
      ) : null}
      {isHeld && mayDo('batches.resume') ? (
        <ConfirmButton
          kind="primary"
          title={t('batch.resumeTitle')}
          summary={<p>{t('batch.resumeSummary', { waiting: countText(counts.waiting) })}</p>}
          confirm={t('batch.resume')}
          act={() => steer(() => post('/v1/batches/{id}/resume', { path: { id }, body: {} }))}
        >
          {t('batch.resume')}
        </ConfirmButton>
      ) : null}
      {failed > 0 && mayDo('batches.retry') ? (
        <ConfirmButton
          title={t('batch.retryTitle')}
          summary={<p>{t('batch.retrySummary', { count: failed })}</p>}
          confirm={t('batch.retry')}
          act={async () => {
            const { retried } = await post('/v1/batches/{id}/retry', { path: { id }, body: { cancelled: false } });
            notice.value = t('batch.retried', { count: retried });
            reload();
            return notice.value;
          }}
        >
          {t('batch.retry')}
        </ConfirmButton>
      ) : null}
      {!isOver && state !== 'cancelling' && mayDo('batches.cancel') ? (
        <ConfirmButton
          kind="danger"
          title={t('batch.cancelTitle')}
          summary={
            <p>
              {t('batch.cancelSummary', {
                running: countText(counts.running + counts.attention),
                waiting: countText(counts.waiting),
              })}
            </p>
          }
          confirm={t('batch.cancel')}
          act={() => steer(() => post('/v1/batches/{id}/cancel', { path: { id }, body: { running: 'cancel' } }))}
        >
          {t('batch.cancel')}
        </ConfirmButton>
      ) : null}
      <Button onClick={() => void download(id)}>{t('batch.report')}</Button>
    </>
  );
}

/** A link would not send the header of the session. */
async function download(id: string): Promise<void> {
  const response = await send(
    new Request(urlOf('/v1/batches/{id}/report', { path: { id }, query: { format: 'csv' } })),
  );
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = `${id}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}

function Causes({ batch, reload }: { readonly batch: Batch; readonly reload: () => void }) {
  const { id, failures, attentions } = batch;
  if (failures.length + attentions.length === 0) return null;
  const list = (causes: Batch['failures'], kind: 'failed' | 'attention') =>
    causes.map((cause) => (
      <li key={cause.code} class={`finding ${kind === 'failed' ? 'blocking' : 'warning'}`}>
        <div class="row apart">
          <div class="row">
            <strong class="number">{countText(cause.count)}</strong>
            <code class="wrap">{cause.code}</code>
            <span class="small muted">{t(kind === 'failed' ? 'batchState.failed' : 'batchState.attention')}</span>
          </div>
          {kind === 'attention' && mayDo('batches.resume') ? (
            <ConfirmButton
              isSmall
              title={t('batch.resumeCauseTitle', { code: cause.code })}
              summary={<p>{t('batch.resumeCauseSummary', { count: cause.count })}</p>}
              confirm={t('batch.resume')}
              act={async () => {
                await post('/v1/batches/{id}/resume', { path: { id }, body: { cause: cause.code } });
                reload();
                return t('batch.causeResumed');
              }}
            >
              {t('batch.resumeCause', { count: cause.count })}
            </ConfirmButton>
          ) : null}
        </div>
        <ServerText text={cause.message} />
        <p class="small muted remedy wrap" lang="en">
          {cause.remedy}
        </p>
        <div class="row small">
          {cause.examples.map((example) => (
            <a key={example} href={hrefOf(['imports', example])} class="mono">
              {example}
            </a>
          ))}
        </div>
      </li>
    ));
  return (
    <Card title={t('batch.causes')}>
      <ul class="findings">
        {list(attentions, 'attention')}
        {list(failures, 'failed')}
      </ul>
    </Card>
  );
}
