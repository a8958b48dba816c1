/** Messages: an error with what to do, an empty view, and a view that loads. */
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api.js';
import { t } from '../i18n.js';
import { Button } from './button.js';

export type Tone = 'good' | 'warn' | 'bad' | 'run' | 'idle';

export function Note(props: { readonly tone: Tone; readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class={`note ${props.tone}`}>
      <strong>{props.title}</strong>
      {props.children}
    </div>
  );
}

/** A text of the API. It is English in every language of the page. */
export function ServerText(props: { readonly text: string; readonly class?: string }) {
  return (
    <span lang="en" class={props.class ?? 'wrap'}>
      {props.text}
    </span>
  );
}

/** What happened, and what to do, in the words of the API. */
export function ErrorNote({ error, onRetry }: { readonly error: ApiError; readonly onRetry?: () => void }) {
  const isOffline = error.status === 0;
  return (
    <div class="note bad" role="alert">
      <strong>{isOffline ? t('error.offline') : <ServerText text={sentence(error.message)} />}</strong>
      {isOffline ? <p>{t('error.offlineRemedy')}</p> : null}
      {error.remedy === '' ? null : (
        <p class="remedy" lang="en">
          {error.remedy}
        </p>
      )}
      {error.errors.length === 0 ? null : (
        <ul class="small" lang="en">
          {error.errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      <div class="row">
        {error.code === '' || isOffline ? null : <code class="muted">{error.code}</code>}
        {onRetry === undefined ? null : (
          <Button isSmall onClick={onRetry}>
            {t('action.tryAgain')}
          </Button>
        )}
      </div>
    </div>
  );
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function Empty(props: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{props.title}</strong>
      {props.children}
    </div>
  );
}

/** Lines that are drawn while the first answer is on its way. */
export function Loading({ lines = 3 }: { readonly lines?: number }) {
  return (
    <div class="stack card-body" role="status">
      <span class="visually-hidden">{t('state.loading')}</span>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} class="skeleton" />
      ))}
    </div>
  );
}
