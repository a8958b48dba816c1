/** A button that first shows a summary, and then what the server answered. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ApiError } from '../api.js';
import { t } from '../i18n.js';
import { Button, type ButtonKind } from './button.js';
import { Dialog } from './dialog.js';
import { ErrorNote } from './note.js';

type Outcome =
  | { readonly kind: 'closed' | 'asked' | 'acting' }
  | { readonly kind: 'done'; readonly answer: ComponentChildren }
  | { readonly kind: 'failed'; readonly error: ApiError };

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
  const outcome = useSignal<Outcome>({ kind: 'closed' });

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
  const close = () => {
    if (!isActing) outcome.value = { kind: 'closed' };
  };
  return (
    <>
      <Button
        kind={kind}
        isSmall={isSmall}
        {...(label === undefined ? {} : { label })}
        onClick={() => {
          outcome.value = { kind: 'asked' };
        }}
      >
        {children}
      </Button>
      {value.kind === 'closed' ? null : (
        <Dialog title={title} isBusy={isActing} onClose={close}>
          {value.kind === 'done' ? <div role="status">{value.answer}</div> : <div>{summary}</div>}
          {value.kind === 'failed' ? <ErrorNote error={value.error} /> : null}
          <div class="actions">
            <Button isBusy={isActing} onClick={close}>
              {t(value.kind === 'done' ? 'action.close' : 'action.back')}
            </Button>
            {value.kind === 'done' ? null : (
              <Button kind={kind === 'danger' ? 'danger' : 'primary'} isBusy={isActing} onClick={() => void run()}>
                {confirm}
              </Button>
            )}
          </div>
        </Dialog>
      )}
    </>
  );
}
