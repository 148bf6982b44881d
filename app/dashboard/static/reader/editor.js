// Where a segment's text is corrected. It saves by itself; keys and buttons do the rest.

import { html, useLayoutEffect, useRef } from "../html.js";
import { clock, t } from "../i18n.js";
import { line } from "./drafts.js";

export function Editor({ segment, index, reading }) {
  const { drafts, view, recording } = reading;
  const { key } = segment;
  const area = useRef(null);
  const told = drafts.of(key)?.text ?? segment.text;
  // What is saved comes back without the spaces that are being typed: what says the same stays as it is, and the caret where it is.
  const own = area.current?.value;
  const value = own !== undefined && line(own) === line(told) ? own : told;

  function fit() {
    const element = area.current;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight + 2}px`;
  }

  useLayoutEffect(fit, [value]);
  // With the drawing, or what is typed at once would be taken for the page's own keys.
  useLayoutEffect(() => {
    const element = area.current;
    element.focus({ preventScroll: true });
    const at = view.caret ?? element.value.length;
    element.setSelectionRange(at, at);
    view.caret = null;
    return () => reading.leave(key);
  }, []);

  /** How much of the text stands before the caret, in characters. */
  const beforeCaret = () => line(area.current.value.slice(0, area.current.selectionStart)).length;

  function press(event) {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (event.key === "Escape") {
      event.preventDefault();
      reading.edit(null);
    } else if (event.key === "Enter" && plain) {
      event.preventDefault();
      reading.edit(recording.segments.peek()[index + 1]?.key ?? null);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      reading.split(key, beforeCaret());
    } else if (event.key === "Backspace" && plain && index > 0 && area.current.selectionEnd === 0) {
      const before = recording.segments.peek()[index - 1];
      if (before.speaker === segment.speaker) {
        event.preventDefault();
        reading.merge(before.key);
      }
    } else if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      reading.player.toggle();
    }
  }

  const next = recording.segments.value[index + 1];
  return html`<div class="editor">
    <textarea
      ref=${area}
      rows="1"
      lang=${reading.language.value}
      aria-label=${t("reader.textAt", { time: clock(segment.start) })}
      aria-describedby="editor-keys"
      maxlength="5000"
      value=${value}
      onInput=${(event) => reading.type(key, event.target.value)}
      onKeyDown=${press}
    ></textarea>
    <div class="editor-tools">
      <button class="button quiet small" onMouseDown=${keepFocus} onClick=${() => reading.split(key, beforeCaret())}>${t("reader.split")}</button>
      ${next && next.speaker === segment.speaker &&
      html`<button class="button quiet small" onClick=${() => reading.merge(key)}>${t("reader.mergeNext")}</button>`}
      ${segment.text !== segment.machine_text &&
      html`<button class="button quiet small" onClick=${() => reading.revert(key)}>${t("reader.revert")}</button>`}
      <button class="button quiet small" onClick=${() => (view.dialog.value = { name: "history", key })}>${t("reader.history")}</button>
      <button class="button small" onClick=${() => reading.edit(null)}>${t("reader.editDone")}</button>
      <span class="hint" id="editor-keys">${t("reader.editorKeys")}</span>
    </div>
  </div>`;
}

// The caret says where to cut: a press of the button may not take it away.
const keepFocus = (event) => event.preventDefault();
