// A document of the recording: its format and options, a look at it, copy, download, print.

import { html, useEffect, useMemo, useState } from "../html.js";
import { ask } from "../api.js";
import { copy } from "../clipboard.js";
import { errorText, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Notice } from "../components/notice.js";
import { say } from "../components/toasts.js";
import { PartChoice, partMeant } from "./part.js";

const SHOWN_CHARACTERS = 6000;
const TABLE = ["speakers", "timestamps"];
const WORDS = [...TABLE, "language"];
const CUES = ["speakers", "language", "line_length", "lines", "reading_speed"];

/** The formats, with the options that each knows. What is no text to read is shown as its nearest. */
const FORMATS = {
  docx: { options: WORDS, shownAs: "md" },
  txt: { options: WORDS },
  md: { options: WORDS },
  srt: { options: CUES },
  vtt: { options: CUES },
  tsv: { options: TABLE },
  json: { options: [] },
  rttm: { options: [] },
};

const NUMBERS = { line_length: [16, 100, 42], lines: [1, 4, 2], reading_speed: [5, 60, 17] };

export function Export({ reading, onClose }) {
  const [format, setFormat] = useState("docx");
  const [chosen, setChosen] = useState({ speakers: true, timestamps: true, language: "", line_length: 42, lines: 2, reading_speed: 17 });
  const meant = useMemo(() => partMeant(reading), []);
  const [part, setPart] = useState(meant.marked ? meant : null);
  const [look, setLook] = useState(null);
  const [error, setError] = useState(null);
  const { options, shownAs = format } = FORMATS[format];

  const addressOf = (name) => {
    const query = new URLSearchParams(FORMATS[format].options.filter((option) => chosen[option] !== "").map((option) => [option, String(chosen[option])]));
    if (part) {
      query.set("from", part.from);
      query.set("to", part.to);
    }
    return `${reading.recording.address}.${name}${query.size ? `?${query}` : ""}`;
  };
  const preview = addressOf(shownAs);

  useEffect(() => {
    const leaving = new AbortController();
    // What is typed into a field of numbers is on its way to another one.
    const timer = setTimeout(async () => {
      try {
        await reading.drafts.saveAll();
        const response = await ask("GET", preview, { whole: true, signal: leaving.signal, headers: { Accept: "*/*" } });
        setLook(await response.text());
        setError(null);
      } catch (caught) {
        if (caught.name !== "AbortError") setError(caught);
      }
    }, 250);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [preview]);

  const take = async () => (await copy(look)) && say(t("action.copied"));

  const choose = (name, value) => setChosen((before) => ({ ...before, [name]: value }));
  return html`<${Dialog} title=${t("reader.export")} onClose=${onClose} wide>
    <div class="export">
      <div>
        <fieldset class="choices formats">
          <legend>${t("reader.format")}</legend>
          ${Object.keys(FORMATS).map(
            (name) => html`<label key=${name} class="choice">
              <input type="radio" name="format" value=${name} checked=${name === format} onChange=${() => setFormat(name)} />
              <span><strong>${name === "docx" ? "Word" : name.toUpperCase()}</strong> <span class="soft">${t(`reader.format.${name}`)}</span></span>
            </label>`,
          )}
        </fieldset>
        <${PartChoice} reading=${reading} meant=${meant} part=${part} onChange=${setPart} />
        ${options.includes("speakers") && html`<${Check} name="speakers" chosen=${chosen} choose=${choose} />`}
        ${options.includes("timestamps") && html`<${Check} name="timestamps" chosen=${chosen} choose=${choose} />`}
        ${options.includes("language") &&
        html`<${Field} label=${t("reader.option.language")}>
          ${(tied) => html`<select value=${chosen.language} onChange=${(event) => choose("language", event.target.value)} ...${tied}>
            <option value="">${t("reader.option.language.own")}</option>
            <option value="fr" lang="fr">Français</option>
            <option value="en" lang="en">English</option>
          </select>`}
        <//>`}
        ${Object.entries(NUMBERS).filter(([name]) => options.includes(name)).map(
          ([name, [least, most]]) => html`<${Field} key=${name} label=${t(`reader.option.${name}`)}>
            ${(tied) => html`<input type="number" min=${least} max=${most} value=${chosen[name]} ...${tied}
              onInput=${(event) => event.target.validity.valid && event.target.value && choose(name, Number(event.target.value))} />`}
          <//>`,
        )}
      </div>
      <div class="export-look">
        <p class="label" id="look">${t(shownAs === format ? "reader.preview" : "reader.previewOfWord")}</p>
        ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
        <pre tabindex="0" role="region" aria-labelledby="look">${look === null ? t("app.loading") : look.slice(0, SHOWN_CHARACTERS)}${look?.length > SHOWN_CHARACTERS ? "\n…" : ""}</pre>
      </div>
    </div>
    <div class="dialog-actions">
      <${Button} onPress=${onClose}>${t("action.close")}<//>
      <${Button} onPress=${() => reading.print()}>${t("reader.print")}<//>
      ${format !== "docx" && html`<${Button} disabled=${look === null} onPress=${take}>${t("action.copy")}<//>`}
      <a class="button main" href=${addressOf(format)} download>${t("reader.download")}</a>
    </div>
  <//>`;
}

const Check = ({ name, chosen, choose }) => html`<label class="choice">
  <input type="checkbox" checked=${chosen[name]} onChange=${(event) => choose(name, event.target.checked)} />${t(`reader.option.${name}`)}
</label>`;
