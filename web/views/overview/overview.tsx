/** What needs a user, what runs, what ended, and whether the service is well. */
import { get } from '../../api.js';
import { LinkButton } from '../../components/button.js';
import { PageHead } from '../../components/layout.js';
import { Empty, ErrorNote, Loading } from '../../components/note.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { mayDo } from '../../session.js';
import { Causes } from './causes.js';
import type { OverviewData } from './data.js';
import { Ended } from './ended.js';
import { Figures } from './figures.js';
import { Health } from './health.js';
import { Running } from './running.js';
import './overview.css';

const EVERY_MS = 4_000;
const HOURS = 24;

export default function Overview() {
  const { data, error, reload } = usePolled('overview', EVERY_MS, (signal) =>
    get('/v1/overview', { query: { hours: HOURS }, signal }),
  );
  return (
    <div class="stack">
      <PageHead
        title={t('nav.overview')}
        actions={
          mayDo('imports.start') ? (
            <LinkButton href="#/new" kind="primary">
              {t('nav.new')}
            </LinkButton>
          ) : undefined
        }
      />
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      {data === null ? error === null ? <Loading lines={8} /> : null : <Shown overview={data} reload={reload} />}
    </div>
  );
}

function Shown({ overview, reload }: { readonly overview: OverviewData; readonly reload: () => void }) {
  const { states, hours } = overview;
  const isNew =
    Object.keys(states).length === 0 && hours.every((one) => one.succeeded + one.failed + one.cancelled === 0);
  return (
    <>
      {isNew ? (
        <section class="card">
          <Empty title={t('overview.nothing')}>
            <p>{t('overview.nothingHint')}</p>
          </Empty>
        </section>
      ) : (
        <>
          <Figures overview={overview} />
          <Causes causes={overview.causes} reload={reload} />
          <Running running={overview.running} />
          <Ended overview={overview} />
        </>
      )}
      <Health overview={overview} />
    </>
  );
}
