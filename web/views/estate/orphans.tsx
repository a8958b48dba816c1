/** Resources in the cloud that no import needs any more, with their age and cost. A worker searches the cloud when asked. */
import { useComputed } from '@preact/signals';
import { post, type Schemas } from '../../api.js';
import { Button } from '../../components/button.js';
import { ConfirmButton } from '../../components/confirm-button.js';
import { Card, Table } from '../../components/layout.js';
import { Empty, ErrorNote, Loading, Note, ServerText } from '../../components/note.js';
import { Badge, Duration, Time } from '../../components/show.js';
import { countText, sizeText } from '../../format.js';
import { language, t } from '../../i18n.js';
import { mayDo } from '../../session.js';
import { useAction } from './use-action.js';

type Sweep = Schemas['OrphanSweep'];

const cny = (amount: number) =>
  new Intl.NumberFormat(language.value, { style: 'currency', currency: 'CNY', maximumFractionDigits: 2 }).format(
    amount,
  );

export function Orphans() {
  const [state, run] = useAction<Sweep>();
  const search = () => run(() => post('/v1/orphans', { body: { delete: false, foreign: false } }));
  const found = useComputed(() => (state.value.kind === 'done' ? state.value.answer : null)).value;
  const total = found?.orphans.reduce((sum, { monthlyCny }) => sum + monthlyCny, 0) ?? 0;
  const bytes = found?.orphans.reduce((sum, { bytes: size }) => sum + size, 0) ?? 0;
  const deletable = found?.orphans.filter(({ foreign }) => !foreign) ?? [];
  return (
    <Card
      title={t('estate.orphans')}
      isFlush
      actions={
        <div class="row">
          <Button kind="primary" isBusy={state.value.kind === 'busy'} onClick={() => void search()}>
            {t('orphans.search')}
          </Button>
          {deletable.length > 0 && mayDo('orphans.delete') ? (
            <ConfirmButton
              kind="danger"
              title={t('orphans.deleteTitle')}
              summary={
                <>
                  <p>{t('orphans.deleteSummary', { count: deletable.length })}</p>
                  <ul class="small stack-small">
                    {deletable.slice(0, 8).map(({ key, regionId }) => (
                      <li key={key} class="mono wrap">
                        {`${regionId} ${key}`}
                      </li>
                    ))}
                  </ul>
                </>
              }
              confirm={t('orphans.delete')}
              act={async () => {
                const { deleted, left } = await post('/v1/orphans', { body: { delete: true, foreign: false } });
                void search();
                return t('orphans.deleted', { deleted: countText(deleted.length), left: countText(left.length) });
              }}
            >
              {t('orphans.delete')}
            </ConfirmButton>
          ) : null}
        </div>
      }
    >
      <div aria-live="polite">
        {state.value.kind === 'none' ? (
          <Empty title={t('orphans.notSearched')}>
            <p>{t('orphans.notSearchedHint')}</p>
          </Empty>
        ) : null}
        {state.value.kind === 'busy' ? <Loading /> : null}
        {state.value.kind === 'failed' ? (
          <div class="card-body">
            <ErrorNote error={state.value.error} />
          </div>
        ) : null}
        {found === null ? null : found.orphans.length === 0 ? (
          <Empty title={t('orphans.none')}>
            <p>{t('orphans.noneHint')}</p>
          </Empty>
        ) : (
          <>
            <p class="card-body">
              {t('orphans.total', { count: found.orphans.length, size: sizeText(bytes), cost: cny(total) })}
            </p>
            <Table
              name={t('table.of', { name: t('estate.orphans') })}
              rows={found.orphans}
              keyOf={({ regionId, key }) => `${regionId} ${key}`}
              columns={[
                {
                  title: t('orphans.resource'),
                  cell: ({ kind, key, foreign }) => (
                    <>
                      <code class="name">{key}</code>
                      <div class="row small muted">
                        <span lang="en">{kind}</span>
                        {foreign ? <Badge tone="warn">{t('orphans.foreign')}</Badge> : null}
                      </div>
                    </>
                  ),
                },
                { title: t('orphans.region'), cell: ({ regionId }) => regionId },
                {
                  title: t('orphans.age'),
                  cell: ({ since }) =>
                    since === null ? (
                      '–'
                    ) : (
                      <>
                        <Duration from={since} to={null} />
                        <div class="small muted">
                          <Time at={since} />
                        </div>
                      </>
                    ),
                },
                { title: t('orphans.size'), cell: ({ bytes: size }) => sizeText(size), isNumber: true },
                { title: t('orphans.cost'), cell: ({ monthlyCny }) => cny(monthlyCny), isNumber: true },
                { title: t('orphans.why'), cell: ({ why }) => <ServerText text={why} /> },
              ]}
            />
          </>
        )}
        {found === null || found.unseen.length === 0 ? null : (
          <div class="card-body">
            <Note tone="warn" title={t('orphans.unseen', { count: found.unseen.length })}>
              <ul class="small" lang="en">
                {found.unseen.map(({ key, why }) => (
                  <li key={key} class="wrap">
                    <code>{key}</code> {why}
                  </li>
                ))}
              </ul>
            </Note>
          </div>
        )}
      </div>
    </Card>
  );
}
