// A modal dialog (the browser's own: it keeps the focus inside, Escape closes it, the focus goes back afterwards).

import { html, useId, useLayoutEffect, useRef } from "../html.js";

export function Dialog({ title, onClose, wide = false, children }) {
  const element = useRef(null);
  const id = useId();
  // With the drawing, not after it: what is typed right after the key that opened it is meant for it.
  useLayoutEffect(() => {
    const shown = element.current;
    shown.showModal();
    // Closing gives the focus back, which nothing that lies behind an open dialog takes.
    return () => shown.close();
  }, []);
  return html`<dialog
    ref=${element}
    class=${`dialog ${wide ? "wide" : ""}`}
    aria-labelledby=${id}
    onKeyDown=${(event) => {
      if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
      event.preventDefault();
      onClose();
    }}
    onCancel=${(event) => {
      event.preventDefault();
      onClose();
    }}
    onClose=${() => {
      // Chromium closes it unasked where it was asked before, and nobody has pressed anything in it since.
      if (!element.current) return;
      element.current.showModal();
      onClose();
    }}
  >
    <h2 id=${id}>${title}</h2>
    ${children}
  </dialog>`;
}
