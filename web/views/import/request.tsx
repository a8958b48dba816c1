/** What was requested, which disks were read and sent, and the settings that ImportImage got. */

import { hrefOf } from '../../address.js';
import { get } from '../../api.js';
import { Card, Facts, Table } from '../../components/layout.js';
import { Empty, ErrorNote, Loading } from '../../components/note.js';
import { CodeBlock } from '../../components/show.js';
import { sizeText } from '../../format.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { sentAsWords } from '../../words.js';
import { factsOf } from './report-facts.js';
import type { Import } from './use-import.js';

export function Request({ view }: { readonly view: Import }) {
  const { data, error, reload } = usePolled(`${view.id} ${view.updatedAt}`, null, (signal) =>
    get('/v1/imports/{id}/report', { path: { id: view.id }, headers: { accept: 'application/json' }, signal }),
  );
  const text = JSON.stringify(view.request, null, 2);
  return (
    <>
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      {data === null ? (
        <section class="card">
          <Loading />
        </section>
      ) : (
        <Reported report={data} />
      )}
      <Card title={t('request.title')}>
        <CodeBlock text={text} of={t('request.title')} />
      </Card>
    </>
  );
}

function Reported({ report }: { readonly report: unknown }) {
  const { accountId, batchId, startedBy, disks, settings } = factsOf(report);
  return (
    <>
      <div class="columns">
        <Card title={t('request.origin')}>
          <Facts
            facts={[
              [t('request.by'), startedBy ?? t('transfer.unknown')],
              [t('request.account'), accountId ?? t('transfer.unknown')],
              [t('request.batch'), batchId === null ? '–' : <a href={hrefOf(['batches', batchId])}>{batchId}</a>],
            ]}
          />
        </Card>
        <Card title={t('request.settings')}>
          {settings.length === 0 ? (
            <p class="muted">{t('request.settingsNone')}</p>
          ) : (
            <Facts
              facts={settings.map(({ name, value }) => [
                <code key={name}>{name}</code>,
                value === null ? <span class="muted">{t('request.notSent')}</span> : <span class="wrap">{value}</span>,
              ])}
            />
          )}
        </Card>
      </div>
      <Card title={t('request.disks')} isFlush>
        {disks.length === 0 ? (
          <Empty title={t('request.disksNone')} />
        ) : (
          <Table
            name={t('request.disks')}
            rows={disks}
            keyOf={({ disk }) => String(disk)}
            columns={[
              { title: t('request.disk'), cell: ({ disk }) => disk, isNumber: true },
              { title: t('request.source'), cell: ({ source }) => <code class="wrap">{source}</code> },
              {
                title: t('request.sourceSize'),
                cell: ({ sourceBytes }) => (sourceBytes === null ? '–' : sizeText(sourceBytes)),
                isNumber: true,
              },
              {
                title: t('request.sentAs'),
                cell: ({ sentAs, format }) => `${sentAsWords(sentAs)}${format === null ? '' : `, ${format}`}`,
              },
              {
                title: t('request.sentSize'),
                cell: ({ objectBytes }) => (objectBytes === null ? '–' : sizeText(objectBytes)),
                isNumber: true,
              },
              { title: t('request.object'), cell: ({ object }) => <code class="wrap">{object}</code> },
            ]}
          />
        )}
      </Card>
    </>
  );
}
