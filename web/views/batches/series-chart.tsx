/** Imports of a batch that ended over time, as stacked bars: succeeded, and failed by cause. */
import { useId } from 'preact/hooks';
import type { Schemas } from '../../api.js';
import { Time } from '../../components/show.js';
import { countText, durationText } from '../../format.js';
import { t } from '../../i18n.js';

const WIDTH = 1_000;
const HEIGHT = 220;
const GAP = 0.18;

export function SeriesChart({ series }: { readonly series: Schemas['BatchSeries'] }) {
  const { points, causes, stepSeconds } = series;
  const id = useId();
  const total = (index: number) => (points[index]?.succeeded ?? 0) + (points[index]?.failed ?? 0);
  const most = Math.max(1, ...points.map((_, index) => total(index)));
  const width = WIDTH / Math.max(1, points.length);
  const first = points[0]?.at;
  const last = points.at(-1)?.at;
  const ended = points.reduce((sum, _, index) => sum + total(index), 0);
  if (ended === 0) return <p class="muted">{t('batch.nothingEnded')}</p>;
  return (
    <figure class="series" aria-labelledby={id}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <line class="series-base" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {points.map(({ at, succeeded }, index) => {
          const parts = [succeeded, ...causes.map((cause) => cause.points[index] ?? 0)];
          let top = HEIGHT;
          return parts.map((amount, part) => {
            const height = (amount / most) * HEIGHT;
            top -= height;
            return amount === 0 ? null : (
              <rect
                key={`${at} ${part}`}
                class={`series-${part}`}
                x={(index + GAP / 2) * width}
                width={Math.max(1, width * (1 - GAP))}
                y={top}
                height={height}
              />
            );
          });
        })}
      </svg>
      <div class="row apart small muted">
        {first === undefined ? null : <Time at={first} />}
        <span>{t('batch.mostPerStep', { count: countText(most), step: durationText(stepSeconds) })}</span>
        {last === undefined ? null : <Time at={last} />}
      </div>
      <figcaption id={id} class="small">
        <ul class="legend">
          <li>
            <span class="swatch series-0" />
            {t('batchState.succeeded')}: {countText(points.reduce((sum, { succeeded }) => sum + succeeded, 0))}
          </li>
          {causes.map(({ code, failures }, index) => (
            <li key={code}>
              <span class={`swatch series-${index + 1}`} />
              <code>{code}</code>: {countText(failures)}
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}
