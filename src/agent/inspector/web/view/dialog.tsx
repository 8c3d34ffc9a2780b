/** What lies over the page: a modal `<dialog>`, which keeps the focus within it and gives it back. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import * as store from '../state/store.js';
import { SignButton } from './parts.js';

export interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly size?: 'small' | 'wide';
}

export function Dialog({ title, children, size = 'small' }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const former = document.activeElement;
    ref.current?.showModal();
    return () => giveFocusTo(former);
  }, []);
  const close = () => {
    store.dialog.value = null;
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, as in every dialog
    <dialog
      ref={ref}
      class={size}
      aria-label={title}
      onClose={close}
      onClick={(event) => event.target === event.currentTarget && close()}
    >
      <div class="sheet">
        <div class="section-head">
          <h2>{title}</h2>
          <SignButton label="Close (Esc)" icon="close" onClick={close} />
        </div>
        {children}
      </div>
    </dialog>
  );
}

// To what had it, or to the row of the keyboard where that is gone. Later: the dialog is still in the document.
function giveFocusTo(former: Element | null): void {
  requestAnimationFrame(() => {
    const isThere = former instanceof HTMLElement && former.isConnected && former !== document.body;
    (isThere ? former : document.getElementById(`row-${store.cursorId.peek()}`))?.focus({ preventScroll: true });
  });
}
