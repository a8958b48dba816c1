/** The settings of the API process, as its environment gives them. They are changed there, not here. */
import { get } from '../../api.js';
import { SelectField, TextField } from '../../components/form.js';
import { Card, Table } from '../../components/layout.js';
import { ErrorNote, Loading } from '../../components/note.js';
import { Badge } from '../../components/show.js';
import { t } from '../../i18n.js';
import { usePolled } from '../../live/poll.js';
import { queryValue, setQuery } from '../../router.js';

const ORIGINS = ['environment', 'default', 'unset'] as const;
const TONES = { environment: 'run', default: 'idle', unset: 'idle' } as const;

export function Settings() {
  const { data, error, reload } = usePolled('settings', null, (signal) => get('/v1/settings', { signal }));
  const text = queryValue('name') ?? '';
  const origin = ORIGINS.find((one) => one === queryValue('origin'));
  const shown = data?.settings.filter(
    (one) => one.name.includes(text.toUpperCase()) && (origin === undefined || one.origin === origin),
  );
  return (
    <>
      <Card title={t('settings.filter')}>
        <div class="form-grid">
          <TextField
            label={t('settings.name')}
            value={text}
            isMono
            onInput={(value) => setQuery({ name: [value] }, { isTyped: true })}
          />
          <SelectField
            label={t('settings.origin')}
            value={origin ?? ''}
            options={[['', t('audit.any')], ...ORIGINS.map((one) => [one, t(`settings.origin.${one}`)] as const)]}
            onChange={(value) => setQuery({ origin: [value] })}
          />
        </div>
      </Card>
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      <Card title={data === null ? t('estate.settings') : t('settings.version', { version: data.version })} isFlush>
        {shown === undefined ? (
          <Loading lines={6} />
        ) : (
          <Table
            name={t('estate.settings')}
            rows={shown}
            keyOf={({ name }) => name}
            columns={[
              { title: t('settings.name'), cell: ({ name }) => <code class="wrap">{name}</code> },
              {
                title: t('settings.value'),
                cell: ({ value, isSecret, origin: from }) =>
                  isSecret && from === 'environment' ? (
                    <span class="muted">{t('settings.secret')}</span>
                  ) : (
                    <code class="name">{value ?? '–'}</code>
                  ),
              },
              {
                title: t('settings.origin'),
                cell: ({ origin: from }) => <Badge tone={TONES[from]}>{t(`settings.origin.${from}`)}</Badge>,
              },
            ]}
          />
        )}
      </Card>
    </>
  );
}
