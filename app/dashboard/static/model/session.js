// Who is logged in. The login itself is a cookie that no script can read.

import { signal } from "@preact/signals";
import { get, post, remove } from "../api.js";

/** undefined: not known yet; null: nobody; otherwise what GET /api/auth/me says. */
export const me = signal(undefined);

/** True where the login ended by itself while the page was open: what was typed is still there. */
export const endedMeanwhile = signal(false);

export async function restoreSession() {
  try {
    me.value = await get("/api/auth/me");
  } catch (error) {
    me.value = null;
    endedMeanwhile.value = false;
  }
}

export async function logIn(username, password) {
  await post("/api/auth/session", { username, password });
  me.value = await get("/api/auth/me");
  endedMeanwhile.value = false;
}

/** Log in with the code with which the site's provider has sent the browser back. */
export async function logInByCode(code) {
  await post("/api/auth/oidc/session", { code });
  me.value = await get("/api/auth/me");
  endedMeanwhile.value = false;
}

export async function logOut() {
  await remove("/api/auth/session");
  me.value = null;
}

/** Called where an answer says that nobody is logged in. */
export function sessionEnded() {
  if (me.value) endedMeanwhile.value = true;
  else if (me.value === undefined) me.value = null;
}
