// The page begins here: who is logged in decides between the login and everything else.

import { render } from "preact";
import { App } from "./app.js";
import { startRouter } from "./router.js";
import { restoreSession } from "./model/session.js";
import { applyLanguage } from "./i18n.js";

applyLanguage();
startRouter();
await restoreSession();
render(App(), document.getElementById("app"));
