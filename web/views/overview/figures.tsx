/** The numbers that are read first, each a link to what it counts. */
import { hrefOf, type Query } from '../../address.js';
import { countText, rateText } from '../../format.js';
import { t } from '../../i18n.js';
import type { OverviewData } from './data.js';

export function Figures({ overview }: { readonly overview: OverviewData }) {
  const { states, running, hours } = overview;
  const sum = (name: 'succeeded' | 'failed') => hours.reduce((total, hour) => total + hour[name], 0);
  const attention = states.attention ?? 0;
  const failed = sum('failed');
  const since = hours[0]?.hour;
  const ofDay = (state: string): Query => ({ state: [state], ...(since === undefined ? {} : { since: [since] }) });
  const rate = running.bytesPerSecond > 0 ? rateText(running.bytesPerSecond) : null;
  const figures = [
    {
      key: 'attention',
      value: attention,
      tone: attention > 0 ? 'warn' : '',
      query: { state: ['attention'] },
      more: null,
    },
    { key: 'running', value: running.imports, tone: '', query: { state: ['running'] }, more: rate },
    { key: 'succeeded', value: sum('succeeded'), tone: '', query: ofDay('succeeded'), more: null },
    { key: 'failed', value: failed, tone: failed > 0 ? 'bad' : '', query: ofDay('failed'), more: null },
  ] as const;
  return (
    <ul class="figures">
      {figures.map(({ key, value, tone, query, more }) => (
        <li key={key}>
          <a class={`figure ${tone}`} href={hrefOf(['imports'], query)}>
            <span class="figure-name">{t(`overview.${key}`)}</span>
            <span class="figure-value number">{countText(value)}</span>
            <span class="figure-more small number">{more ?? ' '}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
