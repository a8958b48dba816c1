/** Findings by severity with evidence and fix, and the inspection beside the cloud's detection. */
import { Card, Table } from '../../components/layout.js';
import { Empty } from '../../components/note.js';
import { CodeBlock, SeverityBadge } from '../../components/show.js';
import { t } from '../../i18n.js';
import type { Import } from './use-import.js';

type Finding = Import['findings'][number];

const SEVERITIES = ['blocking', 'warning', 'info'] as const;

export function Findings({ view }: { readonly view: Import }) {
  const { findings, comparison = [] } = view;
  if (findings.length === 0) {
    return (
      <section class="card">
        <Empty title={t('findings.none')}>
          <p>{t('findings.noneHint')}</p>
        </Empty>
      </section>
    );
  }
  return (
    <>
      {SEVERITIES.map((severity) => {
        const some = findings.filter((one) => one.severity === severity);
        if (some.length === 0) return null;
        return (
          <Card
            key={severity}
            title={t(`findings.${severity}`)}
            actions={<span class="count">{some.length}</span>}
            isFlush
          >
            {severity === 'info' ? (
              <details>
                <summary class="card-body">{t('findings.showInfo', { count: some.length })}</summary>
                <FindingList findings={some} />
              </details>
            ) : (
              <FindingList findings={some} />
            )}
          </Card>
        );
      })}
      {comparison.length === 0 ? null : (
        <Card title={t('findings.comparison')} isFlush>
          <Table
            name={t('findings.comparison')}
            rows={comparison}
            keyOf={({ item }) => item}
            columns={[
              { title: t('findings.item'), cell: ({ item }) => <code>{item}</code> },
              { title: t('findings.verdict'), cell: ({ verdict }) => t(VERDICTS[verdict]) },
              { title: t('findings.ours'), cell: ({ ours }) => <Side side={ours} /> },
              { title: t('findings.theirs'), cell: ({ theirs }) => <Side side={theirs} /> },
            ]}
          />
        </Card>
      )}
    </>
  );
}

const VERDICTS = {
  agreed: 'findings.agreed',
  'only ours': 'findings.onlyOurs',
  'only theirs': 'findings.onlyTheirs',
} as const;

function Side({ side }: { readonly side: NonNullable<Import['comparison']>[number]['ours'] }) {
  if (side === null) return <span class="muted">–</span>;
  return (
    <span class="stack-small">
      <span>
        <SeverityBadge severity={side.severity} />
      </span>
      <span lang="en">{side.message}</span>
    </span>
  );
}

function FindingList({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <ul class="lines findings">
      {findings.map((one) => (
        <li key={`${one.source} ${one.code} ${one.disk ?? 0} ${one.evidence}`}>
          <div class="row">
            <SeverityBadge severity={one.severity} />
            <strong lang="en" class="wrap">
              {one.message}
            </strong>
          </div>
          <p class="small muted wrap">
            <code>{one.code}</code> · {t(one.source === 'cloud' ? 'findings.ofCloud' : 'findings.ofInspection')}
            {one.disk === undefined ? null : ` · ${t('findings.disk', { disk: one.disk })}`}
          </p>
          {one.evidence === '' ? null : (
            <p class="small wrap">
              <span class="muted">{t('findings.evidence')}</span> <span lang="en">{one.evidence}</span>
            </p>
          )}
          {one.remedy === '' ? null : <CodeBlock text={one.remedy} of={t('findings.fix')} />}
        </li>
      ))}
    </ul>
  );
}
