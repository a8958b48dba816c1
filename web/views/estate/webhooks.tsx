/** Webhooks and their deliveries. */
import { useSignal } from '@preact/signals';
import { EVENT_PATTERNS } from '../../../domain/webhooks.js';
import { hrefOf } from '../../address.js';
import { get, post, remove, type Schemas } from '../../api.js';
import { Button, LinkButton } from '../../components/button.js';
import { ConfirmButton } from '../../components/confirm-button.js';
import { TextField } from '../../components/form.js';
import { Card, Table } from '../../components/layout.js';
import { Empty, ErrorNote, Loading, Note, ServerText } from '../../components/note.js';
import { Badge, CodeBlock, Time } from '../../components/show.js';
import { countText } from '../../format.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { mayDo } from '../../session.js';
import type { ViewProps } from '../../view-props.js';
import { useAction } from './use-action.js';

const URL_EXAMPLE = 'https://hooks.example.com/imports';
const TONES = { enabled: 'good', failing: 'warn', disabled: 'idle' } as const;
const DELIVERY_TONES = { delivered: 'good', pending: 'run', dead: 'bad' } as const;

export function Webhooks({ path: [id] }: ViewProps) {
  return id === undefined ? <WebhookTable /> : <Deliveries id={id} />;
}

function WebhookTable() {
  const { data, error, reload } = usePolled('webhooks', 10_000, (signal) => get('/v1/webhooks', { signal }));
  return (
    <>
      {mayDo('webhooks.change') ? <NewWebhook reload={reload} /> : null}
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      <Card title={t('estate.webhooks')} isFlush>
        {data === null ? (
          <Loading />
        ) : data.webhooks.length === 0 ? (
          <Empty title={t('webhooks.none')}>
            <p>{t('webhooks.noneHint')}</p>
          </Empty>
        ) : (
          <Table
            name={t('table.of', { name: t('estate.webhooks') })}
            rows={data.webhooks}
            keyOf={({ id }) => id}
            columns={[
              {
                title: t('webhooks.url'),
                cell: ({ id, url, description }) => (
                  <>
                    <a class="name" href={hrefOf(['estate', 'webhooks', id])}>
                      {url}
                    </a>
                    <div class="small muted">{description}</div>
                  </>
                ),
              },
              {
                title: t('webhooks.events'),
                cell: ({ events }) => <code class="small wrap">{events.join(', ')}</code>,
              },
              {
                title: t('webhooks.state'),
                cell: ({ state, disabled }) => (
                  <>
                    <Badge tone={TONES[state]}>{t(`webhooks.state.${state}`)}</Badge>
                    {disabled === null ? null : <ServerText class="small wrap" text={disabled.reason} />}
                  </>
                ),
              },
              {
                title: t('webhooks.lastSuccess'),
                cell: ({ lastSuccessAt }) => (lastSuccessAt === null ? '–' : <Time at={lastSuccessAt} />),
              },
              { title: t('webhooks.by'), cell: ({ createdBy }) => createdBy.name },
            ]}
          />
        )}
      </Card>
    </>
  );
}

function NewWebhook({ reload }: { readonly reload: () => void }) {
  const url = useSignal('');
  const events = useSignal('*');
  const description = useSignal('');
  const [state, run] = useAction<Schemas['WebhookWithSecret']>();
  const { value } = state;
  const problemAt = (path: string) =>
    value.kind === 'failed' ? (value.error.errors.find((one) => one.path.startsWith(path))?.message ?? null) : null;
  const create = async () => {
    const named = events.value.split(/[,\s]+/).filter(Boolean);
    await run(() =>
      post('/v1/webhooks', {
        body: {
          url: url.value.trim(),
          events: EVENT_PATTERNS.filter((one) => named.includes(one)),
          description: description.value,
        },
      }),
    );
    if (state.value.kind === 'done') reload();
  };
  return (
    <Card title={t('webhooks.new')}>
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <div class="form-grid">
          <TextField
            label={t('webhooks.url')}
            placeholder={URL_EXAMPLE}
            problem={problemAt('url')}
            isRequired
            isMono
            value={url.value}
            onInput={(text) => {
              url.value = text;
            }}
          />
          <TextField
            label={t('webhooks.events')}
            hint={t('webhooks.eventsHint', { events: EVENT_PATTERNS.join(', ') })}
            problem={problemAt('events')}
            isMono
            value={events.value}
            onInput={(text) => {
              events.value = text;
            }}
          />
          <TextField
            label={t('webhooks.description')}
            value={description.value}
            onInput={(text) => {
              description.value = text;
            }}
          />
        </div>
        <div class="row">
          <Button type="submit" kind="primary" isBusy={value.kind === 'busy'}>
            {t('webhooks.create')}
          </Button>
        </div>
        {value.kind === 'failed' ? <ErrorNote error={value.error} /> : null}
        {value.kind === 'done' ? (
          <Note tone="good" title={t('estate.secretOnce')}>
            <CodeBlock text={value.answer.secret} of={t('estate.secret')} />
          </Note>
        ) : null}
      </form>
    </Card>
  );
}

function Deliveries({ id }: { readonly id: string }) {
  const webhook = usePolled(`webhook ${id}`, 10_000, (signal) => get('/v1/webhooks/{id}', { path: { id }, signal }));
  const list = usePolled(`deliveries ${id}`, 5_000, (signal) =>
    get('/v1/webhooks/{id}/deliveries', { path: { id }, query: { limit: 50 }, signal }),
  );
  const reload = () => {
    webhook.reload();
    list.reload();
  };
  if (webhook.data === null) {
    return webhook.error === null ? <Loading /> : <ErrorNote error={webhook.error} onRetry={webhook.reload} />;
  }
  const { url, state, disabled, failingSince } = webhook.data;
  return (
    <>
      <Card
        title={url}
        actions={
          mayDo('webhooks.change') ? (
            <div class="row">
              <ConfirmButton
                isSmall
                title={t('webhooks.testTitle')}
                summary={<p>{t('webhooks.testSummary', { url })}</p>}
                confirm={t('webhooks.test')}
                act={async () => {
                  const sent = await post('/v1/webhooks/{id}/test', { path: { id }, body: {} });
                  reload();
                  return t('webhooks.tested', { state: t(`delivery.${sent.state}`) });
                }}
              >
                {t('webhooks.test')}
              </ConfirmButton>
              {state === 'disabled' ? (
                <ConfirmButton
                  isSmall
                  title={t('webhooks.enableTitle')}
                  summary={<p>{t('webhooks.enableSummary')}</p>}
                  confirm={t('webhooks.enable')}
                  act={async () => {
                    await post('/v1/webhooks/{id}/enable', { path: { id }, body: {} });
                    reload();
                    return t('webhooks.enabled');
                  }}
                >
                  {t('webhooks.enable')}
                </ConfirmButton>
              ) : null}
              <ConfirmButton
                isSmall
                title={t('webhooks.redeliverTitle')}
                summary={<p>{t('webhooks.redeliverSummary')}</p>}
                confirm={t('webhooks.redeliver')}
                act={async () => {
                  const { redelivered } = await post('/v1/webhooks/{id}/redeliver', { path: { id }, body: {} });
                  reload();
                  return t('webhooks.redelivered', { count: redelivered });
                }}
              >
                {t('webhooks.redeliver')}
              </ConfirmButton>
              <ConfirmButton
                isSmall
                kind="danger"
                title={t('webhooks.removeTitle')}
                summary={<p>{t('webhooks.removeSummary', { url })}</p>}
                confirm={t('webhooks.remove')}
                act={async () => {
                  await remove('/v1/webhooks/{id}', { path: { id } });
                  return <LinkButton href={hrefOf(['estate', 'webhooks'])}>{t('webhooks.removed')}</LinkButton>;
                }}
              >
                {t('webhooks.remove')}
              </ConfirmButton>
            </div>
          ) : undefined
        }
      >
        <div class="row">
          <Badge tone={TONES[state]}>{t(`webhooks.state.${state}`)}</Badge>
          {disabled === null ? null : <ServerText text={disabled.reason} />}
          {failingSince === null ? null : (
            <span class="small muted">
              {t('webhooks.failingSince')} <Time at={failingSince} />
            </span>
          )}
        </div>
      </Card>
      {list.error === null ? null : <ErrorNote error={list.error} onRetry={list.reload} />}
      <Card title={t('webhooks.deliveries')} isFlush>
        {list.data === null ? (
          <Loading />
        ) : list.data.deliveries.length === 0 ? (
          <Empty title={t('webhooks.noDeliveries')} />
        ) : (
          <Table
            name={t('table.of', { name: t('webhooks.deliveries') })}
            rows={list.data.deliveries}
            keyOf={({ id: one }) => one}
            columns={[
              { title: t('delivery.created'), cell: ({ createdAt }) => <Time at={createdAt} /> },
              { title: t('delivery.type'), cell: ({ type }) => <code>{type}</code> },
              {
                title: t('webhooks.state'),
                cell: ({ state: one }) => <Badge tone={DELIVERY_TONES[one]}>{t(`delivery.${one}`)}</Badge>,
              },
              { title: t('delivery.attempts'), cell: ({ attempts }) => countText(attempts), isNumber: true },
              {
                title: t('delivery.last'),
                cell: ({ log: [last] }) =>
                  last === undefined ? (
                    '–'
                  ) : (
                    <ServerText class="small wrap" text={last.error ?? `HTTP ${last.status} · ${last.durationMs} ms`} />
                  ),
              },
            ]}
          />
        )}
      </Card>
    </>
  );
}
