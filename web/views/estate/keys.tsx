/** API keys: who has which, and new ones. A key is shown once, when it is created or rotated. */
import { useSignal } from '@preact/signals';
import { ROLES } from '../../../domain/access/identity.js';
import { get, post, type Schemas } from '../../api.js';
import { Button } from '../../components/button.js';
import { ConfirmButton } from '../../components/confirm-button.js';
import { SelectField, TextField } from '../../components/form.js';
import { Card, Table } from '../../components/layout.js';
import { Empty, ErrorNote, Loading, Note } from '../../components/note.js';
import { Badge, CodeBlock, Time } from '../../components/show.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { useAction } from './use-action.js';

type Key = Schemas['Key'];

const TONES = { active: 'good', expired: 'idle', revoked: 'bad' } as const;
const DAY_S = 86_400;

export function Keys() {
  const { data, error, reload } = usePolled('keys', 10_000, (signal) =>
    get('/v1/keys', { query: { limit: 200 }, signal }),
  );
  return (
    <>
      <NewKey reload={reload} />
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      <Card title={t('estate.keys')} isFlush>
        {data === null ? (
          <Loading />
        ) : data.keys.length === 0 ? (
          <Empty title={t('keys.none')}>
            <p>{t('keys.noneHint')}</p>
          </Empty>
        ) : (
          <Table
            name={t('table.of', { name: t('estate.keys') })}
            rows={data.keys}
            keyOf={({ prefix }) => prefix}
            columns={[
              {
                title: t('keys.name'),
                cell: ({ name, prefix }) => (
                  <>
                    <strong class="name">{name}</strong>
                    <div class="small muted mono">{prefix}</div>
                  </>
                ),
              },
              { title: t('keys.role'), cell: ({ role }) => t(`role.${role}`) },
              { title: t('keys.scope'), cell: ({ scope }) => <code class="small wrap">{scopeText(scope)}</code> },
              {
                title: t('keys.state'),
                cell: ({ state }) => <Badge tone={TONES[state]}>{t(`keys.state.${state}`)}</Badge>,
              },
              { title: t('keys.used'), cell: (key) => lastUse(key) },
              {
                title: t('keys.expires'),
                cell: ({ secrets: [secret] }) =>
                  typeof secret?.expiresAt === 'string' ? <Time at={secret.expiresAt} /> : '–',
              },
              {
                title: t('keys.change'),
                cell: ({ prefix, name, state }) =>
                  state === 'active' ? (
                    <div class="row">
                      <ConfirmButton
                        isSmall
                        title={t('keys.rotateTitle', { name })}
                        summary={<p>{t('keys.rotateSummary')}</p>}
                        confirm={t('keys.rotate')}
                        act={async () => {
                          const { key } = await post('/v1/keys/{id}/rotate', {
                            path: { id: prefix },
                            body: { overlapSeconds: DAY_S },
                          });
                          reload();
                          return <Secret text={key} />;
                        }}
                      >
                        {t('keys.rotate')}
                      </ConfirmButton>
                      <ConfirmButton
                        isSmall
                        kind="danger"
                        title={t('keys.revokeTitle', { name })}
                        summary={<p>{t('keys.revokeSummary')}</p>}
                        confirm={t('keys.revoke')}
                        act={async () => {
                          await post('/v1/keys/{id}/revoke', { path: { id: prefix }, body: {} });
                          reload();
                          return t('keys.revoked');
                        }}
                      >
                        {t('keys.revoke')}
                      </ConfirmButton>
                    </div>
                  ) : null,
              },
            ]}
          />
        )}
      </Card>
    </>
  );
}

function NewKey({ reload }: { readonly reload: () => void }) {
  const name = useSignal('');
  const role = useSignal<(typeof ROLES)[number]>('operator');
  const days = useSignal('90');
  const [state, run] = useAction<Schemas['CreatedKey']>();
  const create = async () => {
    await run(() =>
      post('/v1/keys', {
        body: {
          ...(name.value.trim() === '' ? {} : { name: name.value.trim() }),
          role: role.value,
          expiresInSeconds: days.value === '' ? null : Math.round(Number(days.value) * DAY_S),
        },
      }),
    );
    if (state.value.kind === 'done') reload();
  };
  return (
    <Card title={t('keys.new')}>
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <div class="form-grid">
          <TextField
            label={t('keys.name')}
            hint={t('keys.nameHint')}
            value={name.value}
            onInput={(text) => {
              name.value = text;
            }}
          />
          <SelectField
            label={t('keys.role')}
            hint={t(`keys.role.${role.value}`)}
            value={role.value}
            options={ROLES.map((one) => [one, t(`role.${one}`)] as const)}
            onChange={(text) => {
              role.value = ROLES.find((one) => one === text) ?? 'operator';
            }}
          />
          <TextField
            label={t('keys.days')}
            hint={t('keys.daysHint')}
            isNumber
            value={days.value}
            onInput={(text) => {
              days.value = text;
            }}
          />
        </div>
        <div class="row">
          <Button type="submit" kind="primary" isBusy={state.value.kind === 'busy'}>
            {t('keys.create')}
          </Button>
          <span class="small muted">{t('keys.scopeHint')}</span>
        </div>
        {state.value.kind === 'failed' ? <ErrorNote error={state.value.error} /> : null}
        {state.value.kind === 'done' ? <Secret text={state.value.answer.key} /> : null}
      </form>
    </Card>
  );
}

function Secret({ text }: { readonly text: string }) {
  return (
    <Note tone="good" title={t('estate.secretOnce')}>
      <CodeBlock text={text} of={t('estate.secret')} />
    </Note>
  );
}

function lastUse({ secrets }: Key) {
  const [last] = secrets
    .flatMap(({ lastUsedAt }) => (lastUsedAt === null ? [] : [lastUsedAt]))
    .sort((one, other) => (one < other ? 1 : -1));
  return last === undefined ? <span class="muted">{t('keys.neverUsed')}</span> : <Time at={last} />;
}

function scopeText(scope: Key['scope']): string {
  const { regions, buckets, tags, sourceRoots, accounts = [] } = scope;
  const parts = [
    ...accounts.map((one) => `account ${one === '' ? '(own)' : one}`),
    ...regions,
    ...buckets.map((one) => `oss://${one}`),
    ...tags.map(({ key, value }) => `${key}=${value}`),
    ...sourceRoots,
  ];
  return parts.length === 0 ? t('keys.unlimited') : parts.join(', ');
}
