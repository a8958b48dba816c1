/** The verdict of one inspection, as a page that can be sent to the owner of the virtual machine. */
import { hrefOf } from '../../address.js';
import { BASE, get } from '../../api.js';
import { LinkButton } from '../../components/button.js';
import { Card, PageHead } from '../../components/layout.js';
import { ErrorNote, Loading } from '../../components/note.js';
import { CopyButton, Time } from '../../components/show.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { mayDo } from '../../session.js';
import type { ViewProps } from '../../view-props.js';
import { verdictText } from './text.js';
import { Findings, ImageFacts, VerdictNote, verdictOf } from './verdict.js';

export default function InspectionView({ path: [id = ''] }: ViewProps) {
  const { data, error, reload } = usePolled(`inspection ${id}`, null, (signal) =>
    get('/v1/inspections/{id}', { path: { id }, signal }),
  );
  if (data === null) return error === null ? <Loading lines={6} /> : <ErrorNote error={error} onRetry={reload} />;
  const url = `${BASE}/${hrefOf(['inspections', id])}`;
  const { source, findings, createdAt, createdBy } = data;
  const name = source.slice(source.lastIndexOf('/') + 1);
  return (
    <div class="stack">
      <PageHead
        title={name}
        actions={
          <>
            <CopyButton text={url} of={t('inspect.link')}>
              {t('inspect.copyLink')}
            </CopyButton>
            <CopyButton text={verdictText(data, url)} of={t('inspect.text')}>
              {t('inspect.copyText')}
            </CopyButton>
            {mayDo('imports.start') && verdictOf(findings) !== 'blocked' ? (
              <LinkButton kind="primary" href={hrefOf(['new'], { source: [source] })}>
                {t('inspect.import')}
              </LinkButton>
            ) : null}
          </>
        }
      >
        <p class="wrap">
          <code>{source}</code>
        </p>
        <p class="small">
          <Time at={createdAt} /> · {createdBy.user ?? createdBy.identity ?? createdBy.client}
        </p>
      </PageHead>
      <VerdictNote findings={findings} />
      <Card title={t('verdict.findings')}>
        <Findings findings={findings} />
      </Card>
      <ImageFacts inspection={data} />
    </div>
  );
}
