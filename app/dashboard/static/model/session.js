// Who is logged in. The login itself is a cookie that no script can read.

import { signal } from "@preact/signals";
import { get, post, put, remove } from "../api.js";

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

// What was typed at the login, where it has to be changed at once: it is not asked for twice.
let given = null;

export const givenPassword = () => given;

export async function logIn(username, password) {
  await post("/api/auth/session", { username, password });
  const known = await get("/api/auth/me");
  given = known.password_change_due ? password : null;
  me.value = known;
  endedMeanwhile.value = false;
}

/** Change a password that somebody else has chosen: the login is good for everything then. */
export async function changeDuePassword(old, wanted) {
  await put("/api/auth/password", { old_password: old, new_password: wanted });
  given = null;
  me.value = await get("/api/auth/me");
}

/** Log in with the code with which the site's provider has sent the browser back. */
export async function logInByCode(code) {
  await post("/api/auth/oidc/session", { code });
  me.value = await get("/api/auth/me");
  endedMeanwhile.value = false;
}

// While one logs out: that the login has ended, others may hear sooner.
let leaving = false;

export async function logOut() {
  leaving = true;
  try {
    await remove("/api/auth/session");
    given = null;
    me.value = null;
  } finally {
    leaving = false;
  }
}

/** Called where an answer says that nobody is logged in. */
export function sessionEnded() {
  if (leaving) return;
  if (me.value) endedMeanwhile.value = true;
  else if (me.value === undefined) me.value = null;
}
