/** The audit log: who did what, from where, on what, and with which result. */
import { hrefOf } from '../../address.js';
import { get } from '../../api.js';
import { LinkButton } from '../../components/button.js';
import { SelectField, TextField } from '../../components/form.js';
import { Card, Table } from '../../components/layout.js';
import { Empty, ErrorNote, Loading } from '../../components/note.js';
import { Badge, Time } from '../../components/show.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { address, queryValue, setQuery } from '../../router.js';

const OUTCOMES = ['done', 'refused', 'failed', 'unknown'] as const;
const TONES = { done: 'good', refused: 'warn', failed: 'bad', unknown: 'idle' } as const;
const TEXTS = ['identity', 'action', 'target'] as const;

export function Audit() {
  const [identity, action, target] = TEXTS.map(queryValue);
  const outcome = OUTCOMES.find((one) => one === queryValue('outcome'));
  const cursor = Number(queryValue('cursor') ?? 0);
  const query = {
    ...(identity === undefined ? {} : { identity }),
    ...(action === undefined ? {} : { action }),
    ...(target === undefined ? {} : { target }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(cursor > 0 ? { cursor } : {}),
  };
  const { data, error, reload } = usePolled(`audit ${JSON.stringify(query)}`, 10_000, (signal) =>
    get('/v1/audit', { query: { limit: 100, ...query }, signal }),
  );
  return (
    <>
      <Card title={t('audit.filter')}>
        <div class="form-grid">
          {TEXTS.map((name) => (
            <TextField
              key={name}
              label={t(`audit.${name}`)}
              value={queryValue(name) ?? ''}
              isMono
              onInput={(text) => setQuery({ [name]: [text], cursor: [] }, { isTyped: true })}
            />
          ))}
          <SelectField
            label={t('audit.outcome')}
            value={outcome ?? ''}
            options={[['', t('audit.any')], ...OUTCOMES.map((one) => [one, t(`audit.outcome.${one}`)] as const)]}
            onChange={(text) => setQuery({ outcome: [text], cursor: [] })}
          />
        </div>
      </Card>
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      <Card title={t('estate.audit')} isFlush>
        {data === null ? (
          <Loading lines={6} />
        ) : data.entries.length === 0 ? (
          <Empty title={t('audit.none')} />
        ) : (
          <Table
            name={t('table.of', { name: t('estate.audit') })}
            rows={data.entries}
            keyOf={({ id }) => String(id)}
            columns={[
              { title: t('audit.at'), cell: ({ at }) => <Time at={at} /> },
              {
                title: t('audit.identity'),
                cell: ({ identity: who, role, user }) => (
                  <>
                    <code class="name">{who ?? '–'}</code>
                    <div class="small muted">{[role, user].filter(Boolean).join(' · ')}</div>
                  </>
                ),
              },
              { title: t('audit.action'), cell: ({ action: what }) => <code>{what}</code> },
              { title: t('audit.target'), cell: ({ target: on }) => <Target id={on} /> },
              {
                title: t('audit.outcome'),
                cell: ({ outcome: how, code, count }) => (
                  <>
                    <Badge tone={TONES[how]}>{`${t(`audit.outcome.${how}`)}${count > 1 ? ` × ${count}` : ''}`}</Badge>
                    {code === null ? null : <div class="small mono wrap">{code}</div>}
                  </>
                ),
              },
              {
                title: t('audit.from'),
                cell: ({ address: from, client }) => (
                  <>
                    <span class="mono small">{from ?? '–'}</span>
                    <div class="small muted name">{client?.slice(0, 60)}</div>
                  </>
                ),
              },
            ]}
          />
        )}
      </Card>
      {typeof data?.nextCursor === 'string' ? (
        <div class="row">
          <LinkButton href={hrefOf(['estate', 'audit'], { ...address.value.query, cursor: [data.nextCursor] })}>
            {t('audit.older')}
          </LinkButton>
        </div>
      ) : null}
    </>
  );
}

function Target({ id }: { readonly id: string | null }) {
  if (id === null) return <>–</>;
  const view = { imp: 'imports', bat: 'batches', ins: 'inspections' }[id.slice(0, id.indexOf('-'))];
  return view === undefined ? (
    <code class="name">{id}</code>
  ) : (
    <a class="mono name" href={hrefOf([view, id])}>
      {id}
    </a>
  );
}
