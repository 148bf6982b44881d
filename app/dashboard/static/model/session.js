// Who is logged in. The login itself is a cookie that no script can read.

import { signal } from "@preact/signals";
import { get, post, put, remove } from "../api.js";
import { stopAll } from "./uploads.js";

/** undefined: not known yet; null: nobody; otherwise what GET /api/auth/me says. */
export const me = signal(undefined);

/** True where the login ended by itself while the page was open: what was typed is still there. */
export const endedMeanwhile = signal(false);

// Whose page this is, also once they have logged out: what is typed here and what is being sent is theirs.
let owner = null;

/** The id under which the browser keeps what is theirs; empty before anybody has logged in. */
export const ownId = () => owner ?? "";

// Whose the browser's login is, which all of its pages share: under this name one tells it the others. "": somebody logs in.
const WHO = "vocalyx.who";

function told() {
  try {
    return localStorage.getItem(WHO);
  } catch {
    return null; // A browser that keeps nothing.
  }
}

function tell(id) {
  try {
    localStorage.setItem(WHO, id);
  } catch {
    // Nothing is told, then: each page finds out by itself.
  }
}

const isAnothers = () => owner !== null && ![null, owner].includes(told());

/** Load the page anew, for somebody else. */
function leave() {
  // It is not asked whether to leave: nothing is being sent any more.
  stopAll();
  setTimeout(() => window.location.reload());
}

window.addEventListener("storage", ({ key }) => key === WHO && told() !== "" && isAnothers() && leave());

/** Take who is logged in by what the API said. For somebody else the page is loaded anew, with nothing of the one before. */
function take(known) {
  if (known) tell(known.id);
  if (owner !== null && known?.id !== owner) {
    leave();
    return false;
  }
  owner = known.id;
  me.value = known;
  return true;
}

let entering = null;

/**
 * What waits for who is about to log in, here or on another page: what goes to the server before that is known would go as
 * theirs. Null where nothing has to be waited for. It fails where who it is cannot be told.
 */
export const identified = () => entering ?? (isAnothers() ? found() : null);

async function found() {
  if (told() === "") await restoreSession();
  else leave();
  if (isAnothers()) throw new Error("another login");
}

async function enter(prove, password = null) {
  let free;
  entering = new Promise((resolve) => (free = resolve));
  let isSame = true;
  const before = told() ?? "";
  tell("");
  try {
    await prove().catch((error) => {
      tell(before);
      throw error;
    });
    const known = await get("/api/auth/me").catch((error) => {
      if (owner === null) throw error;
      return null; // It may be anybody, then.
    });
    given = known?.password_change_due ? password : null;
    isSame = take(known);
    if (isSame) endedMeanwhile.value = false;
  } finally {
    if (isSame) {
      entering = null;
      free();
    }
  }
}

const PATIENCE_MS = [1000, 2000, 5000, 10000];

/** Why the API did not say who is logged in, where it did not. */
export const unanswered = signal(null);

let failures = 0;
let retry = null;

/** Ask who is logged in. Where there is no answer, what was known holds on, and it is asked again by itself. */
export async function restoreSession() {
  clearTimeout(retry);
  try {
    take(await get("/api/auth/me"));
  } catch (error) {
    // That nobody is, whoever asked has been told (sessionEnded).
    if (error.status !== 401) {
      unanswered.value = error;
      retry = setTimeout(restoreSession, PATIENCE_MS[Math.min(failures, PATIENCE_MS.length - 1)]);
      failures += 1;
      return;
    }
  }
  failures = 0;
  unanswered.value = null;
}

window.addEventListener("online", () => unanswered.peek() && restoreSession());

// What was typed at the login, where it has to be changed at once: it is not asked for twice.
let given = null;

export const givenPassword = () => given;

export const logIn = (username, password) => enter(() => post("/api/auth/session", { username, password }), password);

/** Change a password that somebody else has chosen: the login is good for everything then. */
export async function changeDuePassword(old, wanted) {
  await put("/api/auth/password", { old_password: old, new_password: wanted });
  given = null;
  take(await get("/api/auth/me"));
}

/** Log in with the code with which the site's provider has sent the browser back. */
export const logInByCode = (code) => enter(() => post("/api/auth/oidc/session", { code }));

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
