import { type ReactNode, useEffect, useId, useRef } from 'react';
import { createPortal } from 'react-dom';

/**
 * A modal question on the platform's own `<dialog>`: the rest of the page is inert, Escape closes, and the focus goes back
 * to where it was. It writes no style into the document, which our policy would refuse (docs/decisions).
 */
export function Dialog({
  title,
  onClose,
  onSubmit,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly onSubmit: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return createPortal(
    <dialog ref={element} aria-labelledby={heading} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          // A question may come up while another one is answered: each form is its own.
          event.stopPropagation();
          onSubmit();
        }}
      >
        <h2 id={heading}>{title}</h2>
        {children}
      </form>
    </dialog>,
    document.body,
  );
}
