/** `#/batches`: the list; `#/batches/new`: a new one from a file; `#/batches/ID`: one batch. */
import { hrefOf } from '../../address.js';
import { get } from '../../api.js';
import { LinkButton } from '../../components/button.js';
import { PageHead, Table } from '../../components/layout.js';
import { Empty, ErrorNote, Loading } from '../../components/note.js';
import { Progress, Time } from '../../components/show.js';
import { countText } from '../../format.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { queryValue } from '../../router.js';
import { mayDo } from '../../session.js';
import type { ViewProps } from '../../view-props.js';
import { BatchStateBadge } from './batch-state.js';
import { NewBatch } from './new-batch.js';
import { OneBatch } from './one-batch.js';
import '../../components/finding.css';
import './batches.css';

export default function Batches({ path: [id] }: ViewProps) {
  if (id === 'new') return <NewBatch />;
  return id === undefined ? <BatchTable /> : <OneBatch id={id} />;
}

function BatchTable() {
  const cursor = queryValue('cursor');
  const { data, error, reload } = usePolled(`batches ${cursor ?? ''}`, 4_000, (signal) =>
    get('/v1/batches', { query: { limit: 50, ...(cursor === undefined ? {} : { cursor }) }, signal }),
  );
  const create = mayDo('batches.create') ? (
    <LinkButton kind="primary" href={hrefOf(['batches', 'new'])}>
      {t('batches.new')}
    </LinkButton>
  ) : undefined;
  return (
    <div class="stack">
      <PageHead title={t('nav.batches')} actions={create}>
        <p>{t('batches.hint')}</p>
      </PageHead>
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      {data === null ? (
        <Loading />
      ) : data.batches.length === 0 ? (
        <section class="card">
          <Empty title={t('batches.none')}>
            <p>{t('batches.noneHint')}</p>
            {create}
          </Empty>
        </section>
      ) : (
        <section class="card">
          <Table
            name={t('nav.batches')}
            rows={data.batches}
            keyOf={({ id }) => id}
            columns={[
              {
                title: t('batches.name'),
                cell: ({ id, name }) => (
                  <a class="name" href={hrefOf(['batches', id])}>
                    {name}
                  </a>
                ),
              },
              { title: t('batches.state'), cell: ({ state }) => <BatchStateBadge state={state} /> },
              {
                title: t('batches.progress'),
                cell: ({ ended, items, name }) => (
                  <div class="batch-progress">
                    <Progress percent={items === 0 ? 0 : (100 * ended) / items} label={name} />
                    <span class="small muted nowrap">
                      {t('batches.endedOf', { ended: countText(ended), items: countText(items) })}
                    </span>
                  </div>
                ),
              },
              { title: t('batches.created'), cell: ({ createdAt }) => <Time at={createdAt} /> },
            ]}
          />
        </section>
      )}
      {typeof data?.nextCursor === 'string' ? (
        <div class="row">
          <LinkButton href={hrefOf(['batches'], { cursor: [data.nextCursor] })}>{t('batches.older')}</LinkButton>
        </div>
      ) : null}
    </div>
  );
}
