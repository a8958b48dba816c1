/** How values are shown: times, sizes, states, progress, and text to copy. */
import { useSignal } from '@preact/signals';
import type { State } from '../../domain/import.js';
import { durationText, percentText, utcText } from '../format.js';
import { locale, t } from '../i18n.js';
import type { MessageKey } from '../messages/catalogue.js';
import { Button } from './button.js';
import type { Tone } from './note.js';

/** A local time, with UTC as its title. */
export function Time({ at, form = 'full' }: { readonly at: string; readonly form?: 'full' | 'time' }) {
  const date = new Date(at);
  const format = new Intl.DateTimeFormat(
    locale(),
    form === 'time' ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'medium' },
  );
  return (
    <time dateTime={at} title={utcText(date)} class="nowrap">
      {format.format(date)}
    </time>
  );
}

/** `12 s`, `3 min 4 s`: from a time to another, or to now. */
export function Duration({ from, to }: { readonly from: string; readonly to: string | null }) {
  const end = to === null ? Date.now() : Date.parse(to);
  return <span class="number nowrap">{durationText((end - Date.parse(from)) / 1_000)}</span>;
}

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return <span class={`badge tone-${tone}`}>{children}</span>;
}

const TONES: Readonly<Record<State, Tone>> = {
  running: 'run',
  attention: 'warn',
  cancelling: 'idle',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'idle',
};

export function StateBadge({ state }: { readonly state: State }) {
  const key: MessageKey = `state.${state}`;
  return <Badge tone={TONES[state]}>{t(key)}</Badge>;
}

const SEVERITIES = { info: 'idle', warning: 'warn', blocking: 'bad' } as const;

export function SeverityBadge({ severity }: { readonly severity: keyof typeof SEVERITIES }) {
  return <Badge tone={SEVERITIES[severity]}>{t(`severity.${severity}`)}</Badge>;
}

/** @param percent 0 to 100 */
export function Progress(props: { readonly percent: number; readonly label: string; readonly tone?: Tone }) {
  return (
    <progress
      class={`tone-${props.tone ?? 'run'}`}
      max={100}
      value={props.percent}
      aria-label={props.label}
      aria-valuetext={percentText(props.percent)}
    />
  );
}

const COPIED_MS = 2_000;

/**
 * @param of what the text is, for screen readers
 * @param children the text of the button; absent: Copy
 */
export function CopyButton(props: { readonly text: string; readonly of: string; readonly children?: string }) {
  const { text, of, children } = props;
  const isCopied = useSignal(false);
  return (
    <Button
      kind={children === undefined ? 'quiet' : 'default'}
      isSmall={children === undefined}
      label={isCopied.value ? t('action.copied') : (children ?? t('action.copyOf', { what: of }))}
      onClick={() => {
        void copy(text).then((done) => {
          isCopied.value = done;
          setTimeout(() => {
            isCopied.value = false;
          }, COPIED_MS);
        });
      }}
    >
      {isCopied.value ? t('action.copied') : (children ?? t('action.copy'))}
    </Button>
  );
}

/** Browsers offer the clipboard only to secure origins; a page of `http://HOST` uses the older way. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    return await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  area.value = text;
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

/** Text in a box with a button that copies it. */
export function CodeBlock({ text, of }: { readonly text: string; readonly of: string }) {
  return (
    <div class="code">
      <pre lang="en">{text}</pre>
      <CopyButton text={text} of={of} />
    </div>
  );
}
