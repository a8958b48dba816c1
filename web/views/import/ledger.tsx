/** Everything that the import created in the cloud: what exists now, and what is gone. */
import { resourceIdOf } from '../../../domain/import.js';
import { Card, Table } from '../../components/layout.js';
import { Empty } from '../../components/note.js';
import { Badge, CopyButton, Time } from '../../components/show.js';
import { sizeText } from '../../format.js';
import { t } from '../../i18n.js';
import type { Import } from './use-import.js';

type Entry = Import['ledger'][number];

const TONES = { intended: 'run', created: 'good', kept: 'good', removed: 'idle' } as const;

export function Ledger({ view }: { readonly view: Import }) {
  const { ledger } = view;
  const parts = [
    {
      title: t('ledger.exists'),
      none: t('ledger.existsNone'),
      entries: ledger.filter(({ status }) => status !== 'removed'),
    },
    {
      title: t('ledger.gone'),
      none: t('ledger.goneNone'),
      entries: ledger.filter(({ status }) => status === 'removed'),
    },
  ];
  return (
    <>
      {parts.map(({ title, none, entries }) => (
        <Card key={title} title={title} actions={<span class="count">{entries.length}</span>} isFlush>
          {entries.length === 0 ? (
            <Empty title={none} />
          ) : (
            <Table
              name={title}
              rows={entries}
              keyOf={({ kind, key }) => `${kind} ${key}`}
              columns={[
                { title: t('ledger.kind'), cell: ({ kind }) => t(`ledger.kind.${kind}`) },
                { title: t('ledger.what'), cell: (entry) => <What entry={entry} /> },
                { title: t('imports.region'), cell: ({ regionId }) => <span class="nowrap">{regionId}</span> },
                {
                  title: t('ledger.status'),
                  cell: ({ status }) => <Badge tone={TONES[status]}>{t(`ledger.${status}`)}</Badge>,
                },
                { title: t('ledger.changed'), cell: ({ updatedAt }) => <Time at={updatedAt} form="time" /> },
              ]}
            />
          )}
        </Card>
      ))}
    </>
  );
}

function What({ entry }: { readonly entry: Entry }) {
  const name = resourceIdOf(entry);
  const { size, requestId } = entry.detail;
  return (
    <span class="stack-tight">
      <span class="row">
        <code class="wrap">{name}</code>
        <CopyButton text={name} of={name} />
      </span>
      {size === undefined ? null : <span class="small muted">{sizeText(Number(size))}</span>}
      {requestId === undefined ? null : (
        <span class="small muted">
          {t('import.requestId')} <code>{requestId}</code>
        </span>
      )}
    </span>
  );
}
