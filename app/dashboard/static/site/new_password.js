// A first password that an administrator gives somebody: typed, or made up here. It is shown, because it is to be told.

import { html } from "../html.js";
import { t } from "../i18n.js";
import { Button } from "../components/button.js";
import { Check, TextField } from "../components/form.js";

const LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const GROUPS = 5;
const GROUP_LETTERS = 4;

export const NewPassword = ({ form }) => html`<div class="line-form">
  <${TextField} form=${form} name="password" label=${t("login.password")} hint=${t("password.rule")} minlength="12" maxlength="1000" required autocomplete="off" autocapitalize="none" spellcheck=${false} />
  <${Button} onPress=${() => form.set({ password: madeUp() })}>${t("password.makeUp")}<//>
</div>`;

/** Whoever gives it knows it, too: so it is changed at the first login, unless somebody says otherwise. */
export const MustChange = ({ form }) =>
  html`<${Check} name="must_change_password" label=${t("password.mustChange")} hint=${t("password.mustChangeHint")}
    checked=${form.values.must_change_password} onChange=${(on) => form.set({ must_change_password: on })} />`;

/** Twenty letters and digits that are told apart, in groups to be read out: more than a hundred bits. */
function madeUp() {
  const letter = () => LETTERS[random(LETTERS.length)];
  return Array.from({ length: GROUPS }, () => Array.from({ length: GROUP_LETTERS }, letter).join("")).join("-");
}

/** A number below `end`, each as likely as the others: what would make some likelier is drawn again. */
function random(end) {
  const fair = 256 - (256 % end);
  const [drawn] = crypto.getRandomValues(new Uint8Array(1));
  return drawn < fair ? drawn % end : random(end);
}
