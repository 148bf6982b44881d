// Notes on passages, beside the text.

import { html, useState } from "../html.js";
import { ask, post, remove } from "../api.js";
import { clock, dateTime, errorText, t } from "../i18n.js";
import { ownId } from "../model/session.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Notice } from "../components/notice.js";
import { sayError } from "../components/toasts.js";

export function Notes({ reading }) {
  const { recording, can, view } = reading;
  const notes = recording.notes.value;
  const delete_ = async (note) => {
    try {
      await remove(`${recording.address}/notes/${note.id}`);
      await recording.loadNotes();
    } catch (error) {
      sayError(error);
    }
  };
  return html`<div>
    ${can.edit && html`<${Button} onPress=${() => reading.mark()}>${t("reader.noteHere")}<//>`}
    ${!notes.length && html`<p class="soft">${t(can.edit ? "reader.noNotes" : "reader.noNotesToRead")}</p>`}
    <ul class="notes">
      ${notes.map(
        (note) => html`<li key=${note.id} class="note">
          <button class="passage" onClick=${() => reading.goTo(note.start)}>${clock(note.start)}</button>
          <p class="note-text">${note.text}</p>
          <p class="soft">${note.by} · ${dateTime(note.changed_at)}</p>
          ${can.edit &&
          html`<div class="note-tools">
            <${Button} kind="quiet small" onPress=${() => (view.dialog.value = { name: "note", note })}>${t("reader.noteChange")}<//>
            <${Button} kind="quiet small" onPress=${() => delete_(note)}>${t("action.delete")}<//>
          </div>`}
        </li>`,
      )}
    </ul>
  </div>`;
}

export function NoteDialog({ note, start, end, reading, onClose }) {
  const { recording } = reading;
  const kept = `vocalyx.note.${ownId()}.${recording.id}.${note?.id ?? start}`;
  const [text, setText] = useState(localStorage.getItem(kept) ?? note?.text ?? "");
  const [error, setError] = useState(null);
  const type = (event) => {
    setText(event.target.value);
    localStorage.setItem(kept, event.target.value);
  };

  async function save(event) {
    event?.preventDefault();
    if (!text.trim()) return;
    try {
      if (note) {
        const path = `${recording.address}/notes/${note.id}`;
        await ask("PATCH", path, { body: { text }, headers: { "If-Match": note.etag } });
      } else await post(`${recording.address}/notes`, { start, end, text });
      localStorage.removeItem(kept);
      onClose();
      await recording.loadNotes();
    } catch (caught) {
      setError(caught);
      if (caught.status === 412) recording.loadNotes();
    }
  }

  const current = error?.status === 412 ? error.problem.current : null;
  return html`<${Dialog} title=${t("reader.noteAt", { time: clock(note?.start ?? start) })} onClose=${onClose}>
    <form onSubmit=${save}>
      ${current && html`<${Notice} kind="warn">${t("reader.noteChanged")}<br /><q>${current.text}</q><//>`}
      ${error && !current && html`<${Notice} kind="bad">${errorText(error)}<//>`}
      <${Field} label=${t("reader.note")} hint=${t("reader.noteKeys")}>
        ${(tied) => html`<textarea ...${tied} rows="5" maxlength="4000" value=${text} onInput=${type}
          onKeyDown=${(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && save(event)}></textarea>`}
      <//>
      <div class="dialog-actions">
        <${Button} onPress=${onClose}>${t("action.cancel")}<//>
        <${Button} kind="main" type="submit">${t("action.save")}<//>
      </div>
    </form>
  <//>`;
}
