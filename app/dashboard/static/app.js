// Which page an address shows, and to whom.

import { html } from "./html.js";
import { match, path, query } from "./router.js";
import { endedMeanwhile, me, restoreSession, unanswered } from "./model/session.js";
import { Button } from "./components/button.js";
import { Frame } from "./components/frame.js";
import { Notice } from "./components/notice.js";
import { Toasts } from "./components/toasts.js";
import { Lazy } from "./components/lazy.js";
import { Login } from "./pages/login.js";
import { errorText, t } from "./i18n.js";

// Each page is loaded when it is first shown, with a style sheet: the first view stays small.
const PAGES = [
  ["/", () => import("./pages/home.js"), "home", "recordings"],
  ["/recordings/:id", () => import("./pages/reader.js"), "reader", "recordings"],
  ["/projects", () => import("./pages/projects.js"), "administration", "projects"],
  ["/projects/:id", () => import("./pages/project.js"), "administration", "projects"],
  ["/site", () => import("./pages/site.js"), "administration", "site"],
  ["/site/:section", () => import("./pages/site.js"), "administration", "site"],
  ["/account", () => import("./pages/account.js"), "administration", "account"],
];

// What somebody without a login may see, too.
const OPEN_PAGES = [["/shared/:id", () => import("./pages/shared.js"), "reader"]];

const FIRST_PASSWORD = () => import("./pages/first_password.js");

function find(pages, at) {
  for (const [pattern, load, style, section] of pages) {
    const values = match(pattern, at);
    if (values) return { load, style, section, values };
  }
  return null;
}

function Shown() {
  const open = find(OPEN_PAGES, path.value);
  if (open) return html`<${Lazy} key=${path.value} load=${open.load} style=${open.style} values=${open.values} />`;
  if (me.value === undefined) return unanswered.value ? html`<${Unanswered} />` : html`<p role="status">${t("app.loading")}</p>`;
  const over = endedMeanwhile.value && html`<${Login} over />`;
  if (me.value === null) return html`<${Login} />`;
  if (me.value.password_change_due) return html`<${Lazy} key="password" load=${FIRST_PASSWORD} style="administration" />${over}`;
  const page = find(PAGES, path.value === "/login" ? "/" : path.value);
  return html`
    <${Frame} section=${page?.section}>
      ${page
        ? html`<${Lazy} key=${path.value} load=${page.load} style=${page.style} values=${page.values} query=${query.value} />`
        : html`<h1>${t("app.notFound")}</h1>`}
    <//>
    ${over}
  `;
}

const Unanswered = () => html`<main class="login"><div class="card">
  <h1>Vocalyx</h1>
  <${Notice} kind="bad">${errorText(unanswered.value)}<//>
  <p>${t("app.askedAgain")}</p>
  <${Button} onPress=${restoreSession}>${t("action.retry")}<//>
</div></main>`;

export function App() {
  return html`<${Shown} /><${Toasts} />`;
}
