/** Buttons, and links that look like one. */
import type { ComponentChildren } from 'preact';

export type ButtonKind = 'default' | 'primary' | 'danger' | 'quiet';

const classOf = (kind: ButtonKind, isSmall: boolean) =>
  ['button', kind === 'default' ? '' : kind, isSmall ? 'small' : ''].filter(Boolean).join(' ');

export function Button(props: {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly kind?: ButtonKind;
  readonly isSmall?: boolean;
  readonly isBusy?: boolean;
  readonly type?: 'button' | 'submit';
  /** For screen readers, where the text alone does not say what it is about. */
  readonly label?: string;
}) {
  const { children, onClick, kind = 'default', isSmall = false, isBusy = false, type = 'button', label } = props;
  return (
    <button
      type={type}
      class={classOf(kind, isSmall)}
      aria-disabled={isBusy}
      aria-label={label}
      onClick={(event) => {
        if (isBusy) event.preventDefault();
        else onClick?.();
      }}
    >
      {isBusy ? <span class="spinner" aria-hidden="true" /> : null}
      {children}
    </button>
  );
}

export function LinkButton(props: {
  readonly href: string;
  readonly children: ComponentChildren;
  readonly kind?: ButtonKind;
  readonly isSmall?: boolean;
}) {
  const { href, children, kind = 'default', isSmall = false } = props;
  return (
    <a class={classOf(kind, isSmall)} href={href}>
      {children}
    </a>
  );
}
