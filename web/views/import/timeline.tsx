/** The phases of an import over time, with what they waited for. */
import { isFinal, PHASES } from '../../../domain/import.js';
import { Card } from '../../components/layout.js';
import { Badge, Progress } from '../../components/show.js';
import { durationText } from '../../format.js';
import { t } from '../../i18n.js';
import { isStalled, progressWords, waitWords } from '../../words.js';
import { type Stop, stopsIn } from './stops.js';
import type { Import, RecordedEvent } from './use-import.js';

export function Timeline({ view, events }: { readonly view: Import; readonly events: readonly RecordedEvent[] }) {
  const { timeline, createdAt, state } = view;
  const started = Date.parse(createdAt);
  const ended = isFinal(state) ? Date.parse(timeline.at(-1)?.startedAt ?? view.updatedAt) : Date.now();
  const whole = Math.max(1, ended - started);
  const stops = stopsIn(events);
  const at = (time: number) => `${Math.min(100, Math.max(0, ((time - started) / whole) * 100))}%`;
  const width = (from: number, to: number) => `max(3px, ${Math.min(100, ((to - from) / whole) * 100)}%)`;
  return (
    <Card
      title={t('timeline.title')}
      actions={
        <span class="muted small">
          {t('timeline.whole')} <span class="number">{durationText(whole / 1_000)}</span>
        </span>
      }
    >
      <ol class="timeline">
        {PHASES.filter((phase) => phase !== 'done').map((phase) => {
          const spans = timeline.filter((entry) => entry.phase === phase);
          const isNow = view.phase === phase && !isFinal(state);
          const seconds = spans.reduce(
            (sum, { startedAt, endedAt }) =>
              sum + ((endedAt === null ? ended : Date.parse(endedAt)) - Date.parse(startedAt)) / 1_000,
            0,
          );
          return (
            <li
              key={phase}
              class={spans.length === 0 ? 'not-begun' : isNow ? 'now' : ''}
              aria-current={isNow ? 'step' : undefined}
            >
              <span class="timeline-name">{t(`phase.${phase}`)}</span>
              <span class="timeline-track" aria-hidden="true">
                {spans.map(({ startedAt, endedAt }) => {
                  const from = Date.parse(startedAt);
                  const to = endedAt === null ? ended : Date.parse(endedAt);
                  return <i key={startedAt} class="timeline-bar" style={{ left: at(from), width: width(from, to) }} />;
                })}
                {stops
                  .filter((stop) => stop.phase === phase)
                  .map((stop) => (
                    <i
                      key={stop.from}
                      class="timeline-bar stop"
                      style={{ left: at(stop.from), width: width(stop.from, stop.to ?? ended) }}
                    />
                  ))}
              </span>
              <span class="timeline-time number">{spans.length === 0 ? '–' : durationText(seconds)}</span>
              {isNow && state === 'running' ? <Now view={view} /> : null}
              <Stops stops={stops.filter((stop) => stop.phase === phase)} ended={ended} />
            </li>
          );
        })}
      </ol>
    </Card>
  );
}

function Now({ view }: { readonly view: Import }) {
  const wait = waitWords(view.waitingFor);
  return (
    <div class="timeline-more">
      <Progress
        percent={view.progress.percent}
        label={t(`phase.${view.phase}`)}
        tone={wait === null ? 'run' : 'warn'}
      />
      <p class="small">
        {isStalled(view) ? <Badge tone="warn">{t('imports.stalled')}</Badge> : null}{' '}
        <span class={wait === null ? 'muted number' : 'waits'}>{wait ?? progressWords(view.progress)}</span>
      </p>
    </div>
  );
}

function Stops({ stops, ended }: { readonly stops: readonly Stop[]; readonly ended: number }) {
  if (stops.length === 0) return null;
  return (
    <ul class="timeline-more small">
      {stops.map(({ from, to, code }) => (
        <li key={from}>
          {t('timeline.waited', { time: durationText(((to ?? ended) - from) / 1_000) })} <code>{code}</code>
        </li>
      ))}
    </ul>
  );
}
