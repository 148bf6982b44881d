// On paper: all of the text, be it by our own button or by the browser's menu.

/** `view.printing` is on while the browser looks at the page to print it. */
export function createPrinting(view, drafts) {
  const on = () => (view.printing.value = true);
  const off = () => (view.printing.value = false);
  // What is set here is on the page before the browser looks at it.
  window.addEventListener("beforeprint", on);
  window.addEventListener("afterprint", off);

  return {
    async print() {
      await drafts.saveAll();
      view.dialog.value = null;
      on();
      await new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done))));
      window.print();
      off();
    },
    close() {
      window.removeEventListener("beforeprint", on);
      window.removeEventListener("afterprint", off);
    },
  };
}
