/** A modal dialog: the browser keeps the focus in it, and Escape closes it. Its content is drawn while it is open. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  /** Cannot be closed: a change is on its way. */
  readonly isBusy?: boolean;
  readonly children: ComponentChildren;
}) {
  const { title, onClose, isBusy = false, children } = props;
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog
      ref={element}
      aria-label={title}
      onCancel={(event) => {
        if (isBusy) event.preventDefault();
      }}
      onClose={onClose}
    >
      <div>
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
