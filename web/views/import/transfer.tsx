/** The disks of the import, and what is being sent now. */
import { isRecord } from '../../../domain/json-value.js';
import { Card } from '../../components/layout.js';
import { LineChart } from '../../components/line-chart.js';
import { rateText, sizeText } from '../../format.js';
import { t } from '../../i18n.js';
import type { Import, Sample } from './use-import.js';

export function Transfer({ view, samples }: { readonly view: Import; readonly samples: readonly Sample[] }) {
  const disks = disksOf(view);
  return (
    <Card title={t('transfer.title')} isFlush>
      {samples.length > 1 ? (
        <div class="card-body">
          <LineChart
            label={t('transfer.chart')}
            times={samples.map(({ at }) => at)}
            series={[
              {
                ...{ label: t('transfer.rate'), color: '--accent' },
                values: samples.map(({ bytesPerSecond }) => bytesPerSecond),
              },
            ]}
            left={rateText}
          />
        </div>
      ) : null}
      <ul class="lines">
        {disks.map(({ source, sentBytes, sizeGiB }, at) => (
          <li key={at}>
            <span>
              <strong>{t('findings.disk', { disk: at + 1 })}</strong>{' '}
              <span class="muted">{t(at === 0 ? 'transfer.system' : 'transfer.data')}</span>
            </span>
            <span class="number">
              {sentBytes === null ? null : t('transfer.sent', { size: sizeText(sentBytes) })}
              {sizeGiB === null ? null : ` · ${t('transfer.size', { size: `${sizeGiB} GiB` })}`}
            </span>
            <code class="wrap whole-line">{source}</code>
          </li>
        ))}
      </ul>
    </Card>
  );
}

interface Disk {
  readonly source: string;
  readonly sentBytes: number | null;
  /** Of the disk of the image, where the request sets it. */
  readonly sizeGiB: number | null;
}

/** The request is open for fields of later versions. */
function disksOf({ request, ledger }: Import): readonly Disk[] {
  const given: readonly unknown[] = Array.isArray(request.disks) ? request.disks : [];
  const objects = ledger.filter(({ kind }) => kind === 'object');
  return given.filter(isRecord).map(({ source, diskImageSize }, at) => {
    const size = Number(objects.find(({ key }) => key.includes(`/disk-${at + 1}-`))?.detail.size);
    return {
      source: typeof source === 'string' ? source : '',
      sentBytes: Number.isFinite(size) ? size : null,
      sizeGiB: typeof diskImageSize === 'number' ? diskImageSize : null,
    };
  });
}
