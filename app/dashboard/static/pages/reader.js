import { html } from "../html.js";
import { t } from "../i18n.js";

export const Page = () => html`<h1>${t("app.recordings")}</h1>`;
