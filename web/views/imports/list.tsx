/** The list of imports: filters in the address, pages that are loaded while one scrolls, and changes of many together. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { STATES } from '../../../domain/import.js';
import { hrefOf } from '../../address.js';
import { LinkButton } from '../../components/button.js';
import { PageHead, Tabs } from '../../components/layout.js';
import { Empty, ErrorNote, Loading } from '../../components/note.js';
import { VirtualRows } from '../../components/virtual-rows.js';
import { t } from '../../i18n.js';
import { address } from '../../router.js';
import { mayDo } from '../../session.js';
import { BulkBar } from './bulk.js';
import { FilterForm } from './filter-form.js';
import { isFiltered, listQuery } from './filters.js';
import { HeadCells, RowCells } from './rows.js';
import { SavedViews } from './saved-views.js';
import { useImportPages } from './use-import-pages.js';
import './list.css';

const ROW_HEIGHT = { wide: 58, narrow: 104 };
const NARROW = matchMedia('(max-width: 52rem)');

export function ImportList() {
  const { query } = address.value;
  const { rows, isLoaded, hasMore, error, show, reload } = useImportPages(listQuery(query));
  const selected = useSignal<ReadonlySet<string>>(new Set());
  const isNarrow = useSignal(NARROW.matches);
  useEffect(() => {
    const changed = () => {
      isNarrow.value = NARROW.matches;
    };
    NARROW.addEventListener('change', changed);
    return () => NARROW.removeEventListener('change', changed);
  }, []);
  const filters = JSON.stringify(query);
  useEffect(() => {
    selected.value = new Set();
  }, [filters]);

  const toggle = (id: string) => {
    const next = new Set(selected.value);
    if (!next.delete(id)) next.add(id);
    selected.value = next;
  };
  const mayChange = mayDo('imports.resume');
  const isEverySelected = rows.length > 0 && rows.every(({ id }) => selected.value.has(id));
  const toggleAll = () => {
    selected.value = isEverySelected ? new Set() : new Set(rows.map(({ id }) => id));
  };

  return (
    <div class="stack import-list">
      <PageHead
        title={t('nav.imports')}
        actions={
          <>
            <SavedViews />
            {mayDo('imports.start') ? (
              <LinkButton href="#/new" kind="primary">
                {t('nav.new')}
              </LinkButton>
            ) : null}
          </>
        }
      />
      <div>
        <Tabs
          query="state"
          shown={query.state?.[0] ?? ''}
          tabs={[
            { id: '', title: t('imports.all') },
            ...['attention', 'running', 'failed', 'succeeded', 'cancelled', 'cancelling'].flatMap((name) =>
              STATES.filter((state) => state === name).map((state) => ({ id: state, title: t(`state.${state}`) })),
            ),
          ]}
        />
      </div>
      <FilterForm />
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      {mayChange ? (
        <BulkBar
          ids={[...selected.value]}
          onDone={() => {
            selected.value = new Set();
            reload();
          }}
        />
      ) : null}
      <section class="card" aria-label={t('nav.imports')}>
        {!isLoaded ? (
          error === null ? (
            <Loading lines={6} />
          ) : null
        ) : rows.length === 0 && !hasMore ? (
          <NoImports isFiltered={isFiltered(query)} />
        ) : (
          <VirtualRows
            key={filters}
            name={t('nav.imports')}
            count={rows.length}
            rowHeight={isNarrow.value ? ROW_HEIGHT.narrow : ROW_HEIGHT.wide}
            head={<HeadCells select={mayChange ? { isChecked: isEverySelected, onChange: toggleAll } : null} />}
            row={(index) => {
              const row = rows[index];
              if (row === undefined) return null;
              const select = { isChecked: selected.value.has(row.id), onChange: () => toggle(row.id) };
              return <RowCells row={row} select={mayChange ? select : null} />;
            }}
            onShow={show}
          />
        )}
      </section>
      {isLoaded && rows.length > 0 ? (
        <p class="muted small" role="status">
          {t(hasMore ? 'imports.loadedMore' : 'imports.loadedAll', { count: rows.length })}
        </p>
      ) : null}
    </div>
  );
}

function NoImports({ isFiltered: hasFilters }: { readonly isFiltered: boolean }) {
  return hasFilters ? (
    <Empty title={t('imports.noneMatch')}>
      <p>{t('imports.noneMatchHint')}</p>
      <LinkButton href={hrefOf(['imports'])}>{t('imports.clear')}</LinkButton>
    </Empty>
  ) : (
    <Empty title={t('imports.none')}>
      <p>{t('imports.noneHint')}</p>
    </Empty>
  );
}
