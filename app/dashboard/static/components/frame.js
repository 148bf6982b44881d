// What is around every page: the way to the others, language, appearance, log out.

import { html, useState } from "../html.js";
import { chooseLanguage, language, t } from "../i18n.js";
import { logOut, me } from "../model/session.js";
import { dropped, leavingEndsSomething, stopAll } from "../model/uploads.js";
import { go, path } from "../router.js";
import { chooseTheme, theme } from "../theme.js";
import { Button } from "./button.js";
import { useQuestion } from "./confirm.js";
import { ConnectionBanner } from "./connection_banner.js";
import { DropTarget } from "./drop_target.js";
import { SendingDock } from "./sending_dock.js";
import { sayError } from "./toasts.js";

const icon = `${document.querySelector('meta[name="assets"]').content}/icon.svg`;

export function Frame({ section, children }) {
  const [open, setOpen] = useState(false);
  const question = useQuestion();
  const leave = async () => {
    await logOut();
    // Whoever logs in here next sends nothing of this person's.
    stopAll();
  };
  const ask = () => question.ask({ title: t("upload.leaveTitle"), text: t("upload.leaveText"), action: t("app.logOut"), onConfirm: leave });
  const pages = [
    ["/", "recordings", t("app.recordings")],
    ["/projects", "projects", t("app.projects")],
    ...(me.value.administrator ? [["/site", "site", t("app.site")]] : []),
    ["/account", "account", me.value.name],
  ];
  return html`<div class="frame">
    <a class="visually-hidden" href="#content">${t("app.skip")}</a>
    <header class="frame-bar">
      <a class="frame-brand" href="/"><img src=${icon} alt="" />Vocalyx</a>
      <nav class="frame-pages" aria-label=${t("app.navigation")}>
        ${pages.map(
          ([href, name, label]) =>
            html`<a href=${href} aria-current=${name === section ? "page" : undefined} key=${name}>${label}</a>`,
        )}
      </nav>
      <button class="button quiet frame-toggle" aria-expanded=${open ? "true" : "false"} aria-controls="frame-menu" onClick=${() => setOpen(!open)}>
        ${t("app.menu")}
      </button>
      <div class=${`frame-menu ${open ? "open" : ""}`} id="frame-menu">
      <${Choice} label=${t("app.language")} value=${language.value} onChoose=${chooseLanguage}
        options=${[["fr", "Français"], ["en", "English"]]} />
      <${Choice} label=${t("app.theme")} value=${theme.value} onChoose=${chooseTheme}
        options=${["auto", "light", "dark"].map((name) => [name, t(`app.theme.${name}`)])} />
      <${Button} kind="quiet" onPress=${() => (leavingEndsSomething() ? ask() : leave().catch(sayError))}>${t("app.logOut")}<//>
      </div>
    </header>
    <${ConnectionBanner} />
    <main class="frame-content" id="content" tabindex="-1">${children}</main>
    ${path.value !== "/" && html`<${SendingDock} /><${DropTarget} onFiles=${takeAlong} />`}
    ${question.shown}
  </div>`;
}

/** What is dropped elsewhere is sent from the home. */
function takeAlong(files) {
  dropped.value = files;
  go("/");
}

const Choice = ({ label, value, options, onChoose }) =>
  html`<select aria-label=${label} value=${value} onChange=${(event) => onChoose(event.target.value)}>
    ${options.map(([name, text]) => html`<option value=${name} key=${name}>${text}</option>`)}
  </select>`;
