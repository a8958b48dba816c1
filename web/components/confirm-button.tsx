/** A button that first shows a summary, and then what the server answered. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { ApiError } from '../api.js';
import { t } from '../i18n.js';
import { Button, type ButtonKind } from './button.js';
import { ErrorNote } from './note.js';

/**
 * Opens a dialog with a summary of what will happen, acts after a confirmation, and shows the result in the dialog.
 * `act` resolves to what the server answered, for people.
 */
export function ConfirmButton(props: {
  readonly children: ComponentChildren;
  readonly kind?: ButtonKind;
  readonly isSmall?: boolean;
  readonly label?: string;
  readonly title: string;
  readonly summary: ComponentChildren;
  /** Of the button that acts. */
  readonly confirm: string;
  readonly act: () => Promise<ComponentChildren>;
}) {
  const { children, kind = 'default', isSmall = false, label, title, summary, confirm, act } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const outcome = useSignal<
    | { readonly kind: 'asked' | 'acting' }
    | { readonly kind: 'done'; readonly answer: ComponentChildren }
    | { readonly kind: 'failed'; readonly error: ApiError }
  >({ kind: 'asked' });

  async function run(): Promise<void> {
    outcome.value = { kind: 'acting' };
    try {
      outcome.value = { kind: 'done', answer: await act() };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      outcome.value = { kind: 'failed', error };
    }
  }
  const { value } = outcome;
  const isActing = value.kind === 'acting';
  return (
    <>
      <Button
        kind={kind}
        isSmall={isSmall}
        {...(label === undefined ? {} : { label })}
        onClick={() => {
          outcome.value = { kind: 'asked' };
          dialog.current?.showModal();
        }}
      >
        {children}
      </Button>
      <dialog
        ref={dialog}
        aria-label={title}
        onCancel={(event) => {
          if (isActing) event.preventDefault();
        }}
      >
        <div>
          <h2>{title}</h2>
          {value.kind === 'done' ? <div role="status">{value.answer}</div> : <div>{summary}</div>}
          {value.kind === 'failed' ? <ErrorNote error={value.error} /> : null}
          <div class="actions">
            <Button onClick={() => !isActing && dialog.current?.close()}>
              {t(value.kind === 'done' ? 'action.close' : 'action.back')}
            </Button>
            {value.kind === 'done' ? null : (
              <Button kind={kind === 'danger' ? 'danger' : 'primary'} isBusy={isActing} onClick={() => void run()}>
                {confirm}
              </Button>
            )}
          </div>
        </div>
      </dialog>
    </>
  );
}
