/** All imports, with filters that are in the address. */
import { get } from '../../api.js';
import { PageHead, Table } from '../../components/layout.js';
import { Empty, ErrorNote, Loading } from '../../components/note.js';
import { StateBadge, Time } from '../../components/show.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';

export default function Imports() {
  const { data, error, reload } = usePolled('imports', 4_000, (signal) =>
    get('/v1/imports', { query: { limit: 50 }, signal }),
  );
  return (
    <div class="stack">
      <PageHead title={t('nav.imports')} />
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      {data === null ? (
        <Loading />
      ) : data.imports.length === 0 ? (
        <Empty title={t('imports.none')} />
      ) : (
        <section class="card">
          <Table
            name={t('nav.imports')}
            rows={data.imports}
            keyOf={({ id }) => id}
            columns={[
              { title: 'ID', cell: ({ id }) => <code>{id}</code> },
              { title: t('imports.image'), cell: ({ request }) => request?.imageName },
              { title: t('imports.state'), cell: ({ state }) => state && <StateBadge state={state} /> },
              { title: t('imports.created'), cell: ({ createdAt }) => createdAt && <Time at={createdAt} /> },
            ]}
          />
        </section>
      )}
    </div>
  );
}
