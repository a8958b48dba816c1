/** What ended in each hour, and how much was uploaded. */
import { Card } from '../../components/layout.js';
import { LineChart } from '../../components/line-chart.js';
import { countText, sizeText } from '../../format.js';
import { t } from '../../i18n.js';
import type { OverviewData } from './data.js';

const GIB = 1024 ** 3;

export function Ended({ overview }: { readonly overview: OverviewData }) {
  const { hours, isComplete } = overview;
  const sum = (of: (hour: OverviewData['hours'][number]) => number) =>
    hours.reduce((total, hour) => total + of(hour), 0);
  const times = hours.map(({ hour }) => Date.parse(hour) / 1_000);
  const ended = sum(({ succeeded, failed, cancelled }) => succeeded + failed + cancelled);
  return (
    <Card
      title={t('overview.lastDay')}
      actions={
        <span class="muted small number">
          {t('overview.endedOf', { count: ended })} ·{' '}
          {t('overview.uploaded', { size: sizeText(sum(({ bytes }) => bytes)) })}
        </span>
      }
    >
      <div class="columns">
        <LineChart
          label={t('overview.chartImports')}
          times={times}
          series={[
            {
              ...{ label: t('overview.seriesEnded'), color: '--good', isBars: true },
              values: hours.map(({ succeeded, failed, cancelled }) => succeeded + failed + cancelled),
            },
            {
              ...{ label: t('overview.seriesFailed'), color: '--bad', isBars: true },
              values: hours.map(({ failed }) => failed),
            },
          ]}
          left={(value) => (Number.isInteger(value) ? countText(value) : '')}
        />
        <LineChart
          label={t('overview.chartBytes')}
          times={times}
          series={[
            {
              ...{ label: t('overview.seriesBytes'), color: '--accent', isBars: true },
              values: hours.map(({ bytes }) => bytes / GIB),
            },
          ]}
          left={(value) => sizeText(value * GIB)}
        />
      </div>
      {isComplete ? null : <p class="muted small">{t('overview.incomplete')}</p>}
    </Card>
  );
}
