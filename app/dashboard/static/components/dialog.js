// A modal dialog (the browser's own: it keeps the focus inside, Escape closes it, the focus goes back afterwards).

import { html, useEffect, useId, useRef } from "../html.js";

export function Dialog({ title, onClose, wide = false, children }) {
  const element = useRef(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    return () => before?.focus?.();
  }, []);
  return html`<dialog
    ref=${element}
    class=${`dialog ${wide ? "wide" : ""}`}
    aria-labelledby=${id}
    onCancel=${(event) => {
      event.preventDefault();
      onClose();
    }}
  >
    <h2 id=${id}>${title}</h2>
    ${children}
  </dialog>`;
}
