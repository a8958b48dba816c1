/** One import: what it does or why it stopped, and everything that is known of it. */
import { PageHead, Tabs } from '../../components/layout.js';
import { Empty, ErrorNote, Loading } from '../../components/note.js';
import { CopyButton, StateBadge, Time } from '../../components/show.js';
import { t } from '../../i18n.js';
import { queryValue } from '../../router.js';
import { CancelButton, RetryButton } from './actions.js';
import { Attention, Failure } from './attention.js';
import { Events } from './events.js';
import { Findings } from './findings.js';
import { Images } from './images.js';
import { Ledger } from './ledger.js';
import { Request } from './request.js';
import { Timeline } from './timeline.js';
import { Transfer } from './transfer.js';
import { type Import, useImport } from './use-import.js';
import './one-import.css';

export function OneImport({ id }: { readonly id: string }) {
  const { view, error, events, samples, reload } = useImport(id);
  if (view === null) {
    if (error === null) return <Loading lines={8} />;
    if (error.status === 404) {
      return (
        <Empty title={t('import.unknown')}>
          <p lang="en">{error.remedy === '' ? error.message : error.remedy}</p>
          <a href="#/imports">{t('nav.imports')}</a>
        </Empty>
      );
    }
    return <ErrorNote error={error} onRetry={reload} />;
  }
  const shown = queryValue('tab') ?? 'progress';
  const problems = view.findings.filter(({ severity }) => severity !== 'info').length;
  return (
    <div class="stack one-import">
      <Head view={view} reload={reload} />
      {error === null ? null : <ErrorNote error={error} />}
      <Attention view={view} reload={reload} />
      <Failure view={view} />
      <Tabs
        shown={shown}
        tabs={[
          { id: 'progress', title: t('import.progress') },
          { id: 'findings', title: t('import.findings'), count: problems },
          { id: 'ledger', title: t('import.ledger'), count: view.ledger.length },
          { id: 'request', title: t('import.request') },
          { id: 'events', title: t('import.events'), count: events.length },
        ]}
      />
      <div class="stack">
        {shown === 'findings' ? (
          <Findings view={view} />
        ) : shown === 'ledger' ? (
          <Ledger view={view} />
        ) : shown === 'request' ? (
          <Request view={view} />
        ) : shown === 'events' ? (
          <Events events={events} />
        ) : (
          <>
            <Timeline view={view} events={events} />
            <div class="columns">
              <Transfer view={view} samples={samples} />
              <Images view={view} />
            </div>
          </>
        )}
      </div>
    </div>
  );
}

function Head({ view, reload }: { readonly view: Import; readonly reload: () => void }) {
  const { id, state, request, createdAt } = view;
  return (
    <PageHead
      title={request.imageName}
      actions={
        <>
          <RetryButton view={view} />
          <CancelButton view={view} reload={reload} />
        </>
      }
    >
      <p class="row">
        <StateBadge state={state} />
        <span>{request.region}</span>
        <span>
          {t('import.started')} <Time at={createdAt} />
        </span>
        <span class="row">
          <code class="wrap">{id}</code>
          <CopyButton text={id} of="ID" />
        </span>
      </p>
    </PageHead>
  );
}
