// Links for those without a login: made, shown once, ended.

import { html, useEffect, useRef, useState } from "../html.js";
import { get, post, remove } from "../api.js";
import { dateTime, errorText, t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Field } from "../components/field.js";
import { Notice } from "../components/notice.js";
import { say } from "../components/toasts.js";

const DAYS = [1, 7, 30, 90];

export function Share({ reading, onClose }) {
  const address = `${reading.recording.address}/shares`;
  const [links, setLinks] = useState(null);
  const [made, setMade] = useState(null);
  const [error, setError] = useState(null);
  const shown = useRef(null);

  const tried = async (deed) => {
    try {
      setError(null);
      await deed();
      setLinks((await get(address)).items);
    } catch (caught) {
      setError(caught);
    }
  };
  useEffect(() => {
    tried(async () => undefined);
  }, []);
  useEffect(() => {
    shown.current?.focus();
    shown.current?.select();
  }, [made]);

  async function make(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    await tried(async () => setMade(await post(address, { scope: form.get("scope"), days: Number(form.get("days")) })));
  }

  const revoke = (link) =>
    tried(async () => {
      await remove(`${address}/${link.id}`);
      if (made?.id === link.id) setMade(null);
      say(t("reader.linkEnded"));
    });

  const whole = made && new URL(made.path, window.location.href).href;
  return html`<${Dialog} title=${t("reader.share")} onClose=${onClose} wide>
    ${error && html`<${Notice} kind="bad">${errorText(error)}<//>`}
    <p class="soft">${t("reader.shareHint")}</p>
    <form class="share-form" onSubmit=${make}>
      <${Field} label=${t("reader.shareScope")}>
        ${(tied) => html`<select name="scope" ...${tied}>
          <option value="text">${t("reader.scope.text")}</option>
          <option value="text+audio">${t("reader.scope.text+audio")}</option>
        </select>`}
      <//>
      <${Field} label=${t("reader.shareDays")}>
        ${(tied) => html`<select name="days" ...${tied}>
          ${DAYS.map((days) => html`<option key=${days} value=${days} selected=${days === 7}>${t("reader.days", { count: days })}</option>`)}
        </select>`}
      <//>
      <${Button} kind="main" type="submit">${t("reader.shareMake")}<//>
    </form>
    ${made &&
    html`<div class="notice good" role="status">
      <label for="link">${t("reader.linkOnce")}</label>
      <div class="ask-line">
        <input id="link" ref=${shown} readonly value=${whole} onFocus=${(event) => event.target.select()} />
        <${Button} onPress=${async () => (await navigator.clipboard.writeText(whole), say(t("action.copied")))}>${t("action.copy")}<//>
      </div>
    </div>`}
    ${links?.length > 0 &&
    html`<h3>${t("reader.links")}</h3>
      <ul class="links">
        ${links.map(
          (link) => html`<li key=${link.id}>
            <span>${t(`reader.scope.${link.scope}`)}<br /><span class="soft">${t("reader.linkUntil", { when: dateTime(link.expires_at), by: link.made_by })}</span></span>
            <${Button} kind="danger" onPress=${() => revoke(link)}>${t("reader.linkEnd")}<//>
          </li>`,
        )}
      </ul>`}
    <div class="dialog-actions"><${Button} onPress=${onClose}>${t("action.close")}<//></div>
  <//>`;
}
