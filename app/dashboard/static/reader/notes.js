// Notes on passages, beside the text.

import { html, useState } from "../html.js";
import { ask, post, remove } from "../api.js";
import { clock, dateTime, t } from "../i18n.js";
import { ownId } from "../model/session.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { AreaField, FormError, useForm } from "../components/form.js";
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

/** What was typed and not saved, and the tag of the note over which it was typed; null where nothing is kept. */
function keptDraft(name) {
  try {
    const { text, etag } = JSON.parse(localStorage.getItem(name));
    return typeof text === "string" ? { text, etag } : null;
  } catch {
    return null;
  }
}

export function NoteDialog({ note, start, end, reading, onClose }) {
  const { recording } = reading;
  const kept = `vocalyx.note.${ownId()}.${recording.id}.${note?.id ?? start}`;
  const [draft] = useState(() => keptDraft(kept));
  const form = useForm({ text: draft?.text ?? note?.text ?? "" });
  // The note as it was seen last: what is saved goes over that, and over nothing else.
  const [seen, setSeen] = useState(note);
  const [changed, setChanged] = useState(Boolean(note && draft && draft.etag !== note.etag));
  const type = ({ text }) => {
    form.set({ text });
    if (text === (seen?.text ?? "")) localStorage.removeItem(kept);
    else localStorage.setItem(kept, JSON.stringify({ text, etag: seen?.etag }));
  };
  const cancel = () => {
    localStorage.removeItem(kept);
    onClose();
  };

  const save = form.submit(async ({ text }) => {
    if (!text.trim()) return;
    try {
      if (note) {
        const path = `${recording.address}/notes/${note.id}`;
        await ask("PATCH", path, { body: { text }, headers: { "If-Match": seen.etag } });
      } else await post(`${recording.address}/notes`, { start, end, text });
      localStorage.removeItem(kept);
      onClose();
      await recording.loadNotes();
    } catch (caught) {
      const other = caught.status === 412 ? caught.problem.current : null;
      if (!other) throw caught;
      setSeen(other);
      setChanged(true);
      recording.loadNotes();
    }
  });

  return html`<${Dialog} title=${t("reader.noteAt", { time: clock(note?.start ?? start) })} onClose=${onClose}>
    <form onSubmit=${save}>
      ${changed && html`<${Notice} kind="warn">${t("reader.noteChanged")}<br /><q>${seen.text}</q><//>`}
      <${FormError} form=${form} />
      <${AreaField} form=${{ ...form, set: type }} name="text" label=${t("reader.note")} hint=${t("reader.noteKeys")} rows="5" maxlength="4000"
        onKeyDown=${(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && save(event)} />
      <div class="dialog-actions">
        <${Button} onPress=${cancel}>${t("action.cancel")}<//>
        <${Button} kind="main" type="submit" disabled=${form.busy}>${t("action.save")}<//>
      </div>
    </form>
  <//>`;
}
