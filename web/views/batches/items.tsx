/** The items of a batch, a page at a time: a page of 10,000 items is as fast as one of ten. */
import { ITEM_STATES, type ItemState } from '../../../domain/batch/batch.js';
import { hrefOf } from '../../address.js';
import { get, type Schemas } from '../../api.js';
import { LinkButton } from '../../components/button.js';
import { Card, Table } from '../../components/layout.js';
import { Empty, ErrorNote, Loading, ServerText } from '../../components/note.js';
import { countText } from '../../format.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { queryValue } from '../../router.js';
import { BatchStateBadge } from './batch-state.js';

const PAGE = 100;

export function Items({ id, counts }: { readonly id: string; readonly counts: Schemas['Batch']['counts'] }) {
  const chosen = queryValue('state');
  const state: ItemState | undefined = ITEM_STATES.find((one) => one === chosen);
  const cursor = Number(queryValue('cursor') ?? 0);
  const { data, error, reload } = usePolled(`items ${id} ${state} ${cursor}`, 6_000, (signal) =>
    get('/v1/batches/{id}/items', {
      ...{ path: { id }, signal },
      query: { limit: PAGE, ...(cursor > 0 ? { cursor } : {}), ...(state === undefined ? {} : { state }) },
    }),
  );
  const path = ['batches', id];
  const count = (one: ItemState) => (one === 'started' ? counts.running + counts.attention : counts[one]);
  return (
    <Card title={t('batches.items')} isFlush>
      <nav class="tabs items-filter" aria-label={t('batch.itemStates')}>
        <a href={hrefOf(path)} aria-current={state === undefined ? 'page' : undefined}>
          {t('batch.all')} <span class="count">{countText(counts.total)}</span>
        </a>
        {ITEM_STATES.filter((one) => count(one) > 0 || one === state).map((one) => (
          <a key={one} href={hrefOf(path, { state: [one] })} aria-current={state === one ? 'page' : undefined}>
            {t(`batchState.${one}`)} <span class="count">{countText(count(one))}</span>
          </a>
        ))}
      </nav>
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      {data === null ? (
        <Loading lines={5} />
      ) : data.items.length === 0 ? (
        <Empty title={t('batch.noItems')} />
      ) : (
        <Table
          name={t('table.of', { name: t('batches.items') })}
          rows={data.items}
          keyOf={({ item }) => String(item)}
          columns={[
            { title: '#', cell: ({ item }) => countText(item), isNumber: true },
            {
              title: t('batch.image'),
              cell: ({ importId, imageName }) =>
                importId === null ? (
                  <span class="name">{imageName}</span>
                ) : (
                  <a class="name" href={hrefOf(['imports', importId])}>
                    {imageName}
                  </a>
                ),
            },
            { title: t('batch.region'), cell: ({ region }) => <span class="nowrap">{region}</span> },
            { title: t('batches.state'), cell: (item) => <BatchStateBadge state={item.state} /> },
            {
              title: t('batch.what'),
              cell: ({ message, phase, imageId, state: one }) =>
                message !== null ? (
                  <ServerText class="small wrap item-message" text={message} />
                ) : one === 'started' && phase !== null ? (
                  t(`phase.${phase}`)
                ) : (
                  <code>{imageId ?? ''}</code>
                ),
            },
          ]}
        />
      )}
      <div class="row card-body">
        {cursor > 0 ? (
          <LinkButton isSmall href={hrefOf(path, state === undefined ? {} : { state: [state] })}>
            {t('batch.firstPage')}
          </LinkButton>
        ) : null}
        {typeof data?.nextCursor === 'string' ? (
          <LinkButton
            isSmall
            href={hrefOf(path, { ...(state === undefined ? {} : { state: [state] }), cursor: [data.nextCursor] })}
          >
            {t('batch.nextPage')}
          </LinkButton>
        ) : null}
      </div>
    </Card>
  );
}
