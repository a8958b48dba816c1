/** The policy of a batch as a picture: the waves of the canary, the error budget, and the window of the day. */
import { failuresAllowed } from '../../../domain/batch/policy.js';
import { isOpen, parseSchedule } from '../../../domain/batch/schedule.js';
import type { Schemas } from '../../api.js';
import { countText, percentText } from '../../format.js';
import { t } from '../../i18n.js';

type Policy = Schemas['Policy'];
type Counts = Schemas['Batch']['counts'];

const DAY_MINUTES = 24 * 60;

/** @param items without invalid ones @param counts null: the batch has not started */
export function PolicyPicture(props: {
  readonly policy: Policy;
  readonly items: number;
  readonly counts: Counts | null;
}) {
  const { policy, items, counts } = props;
  return (
    <div class="policy">
      <Waves policy={policy} items={items} counts={counts} />
      <Budget policy={policy} items={items} failed={counts?.failed ?? 0} />
      <Window schedule={policy.schedule} />
    </div>
  );
}

/** Each wave has to succeed before the next one starts. */
function Waves({
  policy,
  items,
  counts,
}: {
  readonly policy: Policy;
  readonly items: number;
  readonly counts: Counts | null;
}) {
  const tried = counts === null ? 0 : items - counts.waiting;
  const sizes = [...policy.canary];
  const rest = items - sizes.reduce((sum, size) => sum + size, 0);
  const waves = rest > 0 || sizes.length === 0 ? [...sizes, Math.max(rest, 0)] : sizes;
  let begin = 0;
  return (
    <div class="policy-part">
      <h3>{t('policy.canary')}</h3>
      <ol class="waves">
        {waves.map((size, index) => {
          const from = begin;
          begin += size;
          const part = Math.min(size, Math.max(0, tried - from));
          return (
            <li
              key={index}
              class={part >= size && size > 0 ? 'wave done' : part > 0 ? 'wave now' : 'wave'}
              style={{ flexGrow: Math.sqrt(size + 1) }}
            >
              <strong>{countText(size)}</strong>
              <span class="small">
                {index === waves.length - 1 ? t('policy.rest') : t('policy.wave', { number: index + 1 })}
              </span>
            </li>
          );
        })}
      </ol>
      <p class="small muted">{t('policy.concurrencyText', { count: policy.concurrency })}</p>
    </div>
  );
}

function Budget({
  policy,
  items,
  failed,
}: {
  readonly policy: Policy;
  readonly items: number;
  readonly failed: number;
}) {
  const allowed = failuresAllowed(policy, items);
  const isUnlimited = !Number.isFinite(allowed);
  const used = isUnlimited ? 0 : Math.min(100, (100 * failed) / Math.max(1, allowed + 1));
  return (
    <div class="policy-part">
      <h3>{t('policy.errorBudget')}</h3>
      {isUnlimited ? (
        <p class="muted">{t('policy.noBudget')}</p>
      ) : (
        <>
          <meter
            class="budget"
            min={0}
            max={100}
            high={70}
            optimum={0}
            value={used}
            aria-label={t('policy.errorBudget')}
            aria-valuetext={percentText(used)}
          />
          <p class="small">{t('policy.budgetUsed', { failed: countText(failed), allowed: countText(allowed) })}</p>
          {policy.errorBudgetAfter > 0 ? (
            <p class="small muted">{t('policy.budgetAfter', { count: policy.errorBudgetAfter })}</p>
          ) : null}
        </>
      )}
    </div>
  );
}

function Window({ schedule }: { readonly schedule: string | null }) {
  const read = schedule === null ? null : parseSchedule(schedule);
  if (read === null || !read.ok) {
    return (
      <div class="policy-part">
        <h3>{t('policy.schedule')}</h3>
        <p class="muted">{t('policy.always')}</p>
      </div>
    );
  }
  const { from, to, timeZone } = read.schedule;
  const parts =
    from < to
      ? [[from, to]]
      : [
          [0, to],
          [from, DAY_MINUTES],
        ];
  const now = minuteIn(timeZone);
  return (
    <div class="policy-part">
      <h3>{t('policy.schedule')}</h3>
      <svg
        class="window"
        viewBox={`0 0 ${DAY_MINUTES} 120`}
        role="img"
        aria-label={schedule ?? ''}
        preserveAspectRatio="none"
      >
        <rect class="window-day" width={DAY_MINUTES} height="120" rx="12" />
        {parts.map(([begin = 0, end = 0]) => (
          <rect key={begin} class="window-open" x={begin} width={end - begin} height="120" rx="12" />
        ))}
        <line class="window-now" x1={now} x2={now} y1="0" y2="120" />
      </svg>
      <div class="row apart small muted">
        <span>00:00</span>
        <span>12:00</span>
        <span>24:00</span>
      </div>
      <p class="small">
        {schedule} · {t(isOpen(read.schedule, Date.now()) ? 'policy.open' : 'policy.closed')}
      </p>
    </div>
  );
}

function minuteIn(timeZone: string): number {
  const format = new Intl.DateTimeFormat('en', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const part = (type: string) => Number(format.formatToParts(Date.now()).find((one) => one.type === type)?.value);
  return part('hour') * 60 + part('minute');
}
