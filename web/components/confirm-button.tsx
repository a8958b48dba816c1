/** A button that first shows a summary, and then what the server answered. */
import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../api.js';
import { t } from '../i18n.js';
import { Button, type ButtonKind } from './button.js';
import { Dialog } from './dialog.js';
import { ErrorNote } from './note.js';

interface ConfirmProps {
  readonly children: ComponentChildren;
  readonly kind?: ButtonKind;
  readonly isSmall?: boolean;
  readonly label?: string;
  readonly title: string;
  readonly summary: ComponentChildren;
  /** Of the button that acts. */
  readonly confirm: string;
  readonly act: () => Promise<ComponentChildren>;
}

/**
 * The dialog that is open. It is drawn outside the view: a change often removes the button that made it, and the answer has to stay until
 * the user has read it.
 */
const open = signal<{ readonly of: symbol; readonly props: ConfirmProps } | null>(null);

/**
 * Opens a dialog with a summary of what will happen, acts after a confirmation, and shows the result in the dialog.
 * `act` resolves to what the server answered, for people.
 */
export function ConfirmButton(props: ConfirmProps) {
  const { children, kind = 'default', isSmall = false, label } = props;
  const own = useRef(Symbol('confirm'));
  useEffect(() => {
    // The summary can depend on the view.
    if (open.peek()?.of === own.current) open.value = { of: own.current, props };
  });
  return (
    <Button
      kind={kind}
      isSmall={isSmall}
      {...(label === undefined ? {} : { label })}
      onClick={() => {
        open.value = { of: own.current, props };
      }}
    >
      {children}
    </Button>
  );
}

/** Once in the page. */
export function ConfirmHost() {
  const { value } = open;
  return value === null ? null : <ConfirmDialog {...value.props} />;
}

type Outcome =
  | { readonly kind: 'asked' | 'acting' }
  | { readonly kind: 'done'; readonly answer: ComponentChildren }
  | { readonly kind: 'failed'; readonly error: ApiError };

function ConfirmDialog({ kind = 'default', title, summary, confirm, act }: ConfirmProps) {
  const outcome = useSignal<Outcome>({ kind: 'asked' });

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
    if (outcome.peek().kind !== 'acting') open.value = null;
  };
  useEffect(() => {
    // A link in the answer leaves the view.
    addEventListener('hashchange', close);
    return () => removeEventListener('hashchange', close);
  }, []);
  return (
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
  );
}
