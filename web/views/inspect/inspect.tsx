/** Inspects an image on a worker's disk, and lists the inspections before. */
import { useSignal } from '@preact/signals';
import { hrefOf } from '../../address.js';
import { ApiError, get, post } from '../../api.js';
import { Button, LinkButton } from '../../components/button.js';
import { SelectField, TextField } from '../../components/form.js';
import { Card, PageHead, Table } from '../../components/layout.js';
import { Empty, ErrorNote, Loading } from '../../components/note.js';
import { Badge, Time } from '../../components/show.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { go, queryValue, setQuery } from '../../router.js';
import { mayDo } from '../../session.js';
import '../../components/finding.css';
import './inspect.css';

const PATH_EXAMPLE = '/images/web-01.qcow2';

export default function Inspect() {
  const cursor = queryValue('cursor');
  const list = usePolled(`inspections ${cursor ?? ''}`, 15_000, (signal) =>
    get('/v1/inspections', { query: { limit: 50, ...(cursor === undefined ? {} : { cursor }) }, signal }),
  );
  return (
    <div class="stack">
      <PageHead title={t('nav.inspect')}>
        <p>{t('inspect.hint')}</p>
      </PageHead>
      {mayDo('inspections.create') ? <InspectForm /> : null}
      {list.error === null ? null : <ErrorNote error={list.error} onRetry={list.reload} />}
      <Card title={t('inspect.earlier')} isFlush>
        {list.data === null ? (
          <Loading />
        ) : list.data.inspections.length === 0 ? (
          <Empty title={t('inspect.none')}>
            <p>{t('inspect.noneHint')}</p>
          </Empty>
        ) : (
          <Table
            name={t('table.of', { name: t('inspect.earlier') })}
            rows={list.data.inspections}
            keyOf={({ id }) => id}
            columns={[
              {
                title: t('inspect.image'),
                cell: ({ id, source }) => (
                  <a class="name" href={hrefOf(['inspections', id])}>
                    {source}
                  </a>
                ),
              },
              {
                title: t('inspect.verdict'),
                cell: ({ blocking, warnings }) => (
                  <Badge tone={blocking > 0 ? 'bad' : warnings > 0 ? 'warn' : 'good'}>
                    {t(
                      blocking > 0
                        ? 'verdict.short.blocked'
                        : warnings > 0
                          ? 'verdict.short.warned'
                          : 'verdict.short.ready',
                    )}
                  </Badge>
                ),
              },
              { title: t('inspect.system'), cell: ({ osName, format }) => osName ?? format },
              { title: t('inspect.at'), cell: ({ createdAt }) => <Time at={createdAt} /> },
            ]}
          />
        )}
      </Card>
      {typeof list.data?.nextCursor === 'string' ? (
        <div class="row">
          <LinkButton href={hrefOf(['inspect'], { cursor: [list.data.nextCursor] })}>{t('inspect.older')}</LinkButton>
        </div>
      ) : null}
    </div>
  );
}

function InspectForm() {
  const source = useSignal(queryValue('source') ?? '');
  const role = useSignal<'system' | 'data'>('system');
  const isBusy = useSignal(false);
  const error = useSignal<ApiError | null>(null);

  async function inspect(): Promise<void> {
    isBusy.value = true;
    error.value = null;
    try {
      const { id } = await post('/v1/inspections', { body: { source: source.value.trim(), role: role.value } });
      go(hrefOf(['inspections', id]));
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      error.value = problem;
    } finally {
      isBusy.value = false;
    }
  }
  return (
    <Card title={t('inspect.title')}>
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy.value) void inspect();
        }}
      >
        <div class="inspect-form">
          <TextField
            label={t('inspect.source')}
            hint={t('inspect.sourceHint')}
            placeholder={PATH_EXAMPLE}
            value={source.value}
            isMono
            isRequired
            onInput={(value) => {
              source.value = value;
              setQuery({ source: [value] }, { isTyped: true });
            }}
          />
          <SelectField
            label={t('inspect.role')}
            value={role.value}
            options={[
              ['system', t('inspect.role.system')],
              ['data', t('inspect.role.data')],
            ]}
            onChange={(value) => {
              role.value = value === 'data' ? 'data' : 'system';
            }}
          />
          <Button type="submit" kind="primary" isBusy={isBusy.value}>
            {t('inspect.submit')}
          </Button>
        </div>
        {isBusy.value ? (
          <p class="muted small" role="status">
            {t('inspect.busy')}
          </p>
        ) : null}
        {error.value === null ? null : <ErrorNote error={error.value} />}
      </form>
    </Card>
  );
}
