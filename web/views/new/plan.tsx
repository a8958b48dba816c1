/** What an import is going to do: disks, settings and where each comes from, role, time and cost. */
import type { Schemas } from '../../api.js';
import { Facts, Table } from '../../components/layout.js';
import { ServerText } from '../../components/note.js';
import { Badge } from '../../components/show.js';
import { durationText, sizeText } from '../../format.js';
import { language, t } from '../../i18n.js';
import { sentAsWords } from '../../words.js';

type Plan = Schemas['Plan'];

export function PlanView({ plan }: { readonly plan: Plan }) {
  const { estimate, role } = plan;
  const money = (amount: number, currency: string) =>
    new Intl.NumberFormat(language.value, { style: 'currency', currency, maximumFractionDigits: 2 }).format(amount);
  const seconds = (value: number | null) => (value === null ? t('plan.unknown') : durationText(value));
  return (
    <div class="stack-small">
      <Facts
        facts={[
          [
            t('plan.bytes'),
            plan.bytesAtMost === null ? t('plan.unknown') : t('plan.atMost', { size: sizeText(plan.bytesAtMost) }),
          ],
          [
            t('plan.role'),
            <>
              {role.mode === 'skip' || role.isReady === null
                ? t(role.mode === 'skip' ? 'plan.role.skip' : 'plan.role.unknown')
                : t(
                    role.isReady
                      ? 'plan.role.ready'
                      : role.mode === 'ensure'
                        ? 'plan.role.created'
                        : 'plan.role.missing',
                  )}
              {role.message === null ? null : (
                <p class="small muted">
                  <ServerText text={role.message} />
                </p>
              )}
            </>,
          ],
          [t('plan.copies'), plan.copies.length === 0 ? t('plan.none') : plan.copies.join(', ')],
          [t('plan.shares'), plan.sharedWith.length === 0 ? t('plan.none') : plan.sharedWith.join(', ')],
          [t('plan.upload'), seconds(estimate.uploadSeconds)],
          [t('plan.import'), seconds(estimate.importSeconds)],
          [
            t('plan.cost'),
            estimate.cost === null
              ? t('plan.noPrices')
              : t('plan.costText', {
                  storage: money(estimate.cost.storagePerMonth, estimate.cost.currency),
                  traffic: money(estimate.cost.traffic, estimate.cost.currency),
                }),
          ],
        ]}
      />
      {estimate.fromImports === 0 ? null : (
        <p class="small muted">{t('plan.basis', { count: estimate.fromImports })}</p>
      )}
      <h3>{t('plan.disks')}</h3>
      <Table
        name={t('plan.disks')}
        rows={plan.disks}
        keyOf={({ disk }) => String(disk)}
        columns={[
          { title: '#', cell: ({ disk }) => disk, isNumber: true },
          { title: t('plan.source'), cell: ({ source }) => <code class="wrap">{source}</code> },
          {
            title: t('plan.sentAs'),
            cell: ({ sentAs, format, key }) =>
              key === null
                ? [sentAsWords(sentAs), ...(format === null ? [] : [format])].join(', ')
                : t('plan.uploaded'),
          },
          {
            title: t('plan.to'),
            cell: ({ bucket, key }) => <code class="wrap">{`oss://${bucket}/${key ?? '…'}`}</code>,
          },
        ]}
      />
      <h3>{t('plan.settings')}</h3>
      <Table
        name={t('plan.settings')}
        rows={plan.settings}
        keyOf={({ field }) => field}
        columns={[
          { title: t('plan.field'), cell: ({ field }) => <code>{field}</code> },
          { title: t('plan.value'), cell: ({ value, assumed }) => value ?? assumed },
          {
            title: t('plan.origin'),
            cell: ({ origin }) => (
              <Badge tone={origin === 'request' ? 'run' : 'idle'}>{t(`plan.origin.${origin}`)}</Badge>
            ),
          },
        ]}
      />
    </div>
  );
}
