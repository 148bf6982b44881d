// What was typed and is not saved yet. It is kept in the browser with every keystroke, sent when the typing rests, sent
// again for as long as there is no answer, and gone when the server has it: no lost connection and no restart loses any.

import { effect, signal } from "../html.js";
import { ask } from "../api.js";
import { me, ownId } from "../model/session.js";
import { connection } from "../model/updates.js";

const REST_MS = 700;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 20000;

const prefixOf = (recording) => `vocalyx.draft.${ownId()}.${recording.id}.`;

/** What `can` says is obeyed at every moment: what somebody may not correct any more is kept, and neither shown in the text nor sent. */
export function createDrafts(recording, can) {
  const prefix = prefixOf(recording);
  /** By the segment's key: {text, etag, before, state: "waiting" | "saving" | "unreachable" | "conflict" | "refused", current, error}. */
  const drafts = signal(new Map());
  const timers = new Map();
  const running = new Map();
  let pause = FIRST_PAUSE_MS;
  let retry = null;

  /** What stands in a segment's place. */
  const of = (key) => (can.edit ? drafts.value.get(key) : undefined);
  const segmentOf = (key) => recording.segments.peek()[recording.positions.peek().get(key)];

  function set(key, draft) {
    const now = new Map(drafts.peek());
    if (draft) now.set(key, draft);
    else now.delete(key);
    drafts.value = now;
    try {
      if (draft) localStorage.setItem(prefix + key, JSON.stringify({ text: draft.text, etag: draft.etag, before: draft.before }));
      else localStorage.removeItem(prefix + key);
    } catch {
      // The browser has no room: what is typed is still in the page, and is sent from there.
    }
  }

  function restore() {
    for (let index = 0; index < localStorage.length; index += 1) {
      const name = localStorage.key(index);
      if (!name.startsWith(prefix)) continue;
      const key = name.slice(prefix.length);
      try {
        const { text, etag, before } = JSON.parse(localStorage.getItem(name));
        if (typeof text !== "string") continue;
        const now = new Map(drafts.peek());
        now.set(key, { text, etag, before, state: "waiting" });
        drafts.value = now;
        schedule(key);
      } catch {
        localStorage.removeItem(name);
      }
    }
  }

  /** Take what is typed in a segment. */
  function type(key, text) {
    const segment = segmentOf(key);
    const known = drafts.peek().get(key);
    if (!known && segment && text === segment.text) return;
    set(key, {
      text,
      etag: known?.etag ?? segment.etag,
      before: known?.before ?? segment.text,
      state: known?.state === "conflict" ? "conflict" : "waiting",
      current: known?.current,
    });
    schedule(key);
  }

  function schedule(key, wait = REST_MS) {
    clearTimeout(timers.get(key));
    timers.set(key, setTimeout(() => save(key), wait));
  }

  async function save(key) {
    clearTimeout(timers.get(key));
    timers.delete(key);
    if (running.has(key)) return running.get(key).then(() => save(key));
    const draft = drafts.peek().get(key);
    if (!draft || draft.state === "conflict" || !can.edit) return undefined;
    const segment = segmentOf(key);
    if (!segment) return undefined;
    const sending = send(key, draft, segment).finally(() => running.delete(key));
    running.set(key, sending);
    return (await sending) ? save(key) : undefined;
  }

  /** Send what is typed in a segment. Returns true where that turns out to stand elsewhere by now: it is sent there then. */
  async function send(key, draft, segment) {
    set(key, { ...draft, state: "saving" });
    try {
      const path = `${recording.address}/segments/${segment.position}`;
      const saved = await ask("PATCH", path, { body: { text: line(draft.text) }, headers: { "If-Match": draft.etag } });
      pause = FIRST_PAUSE_MS;
      const now = drafts.peek().get(key);
      // What was typed meanwhile goes by what stands there now.
      if (now && now.text !== draft.text) {
        set(key, { ...now, etag: saved.etag, before: saved.text, state: "waiting" });
        schedule(key);
      } else set(key, null);
      recording.put(saved, segment);
    } catch (error) {
      const isOther = isOfAnother(error, segment);
      if (isOther) await recording.load();
      const now = drafts.peek().get(key);
      // Given up meanwhile.
      if (!now) return false;
      if (isOther && hasMoved(key, segment)) {
        set(key, { ...now, state: "waiting" });
        return true;
      }
      if (error.status === 412 && !isOther) conflict(key, now, error.problem.current);
      else if (error.status === 412 || error.status === 0 || error.status === 401 || error.status === 429 || error.status >= 500) {
        set(key, { ...now, state: "unreachable" });
        // Where a passage stands by now, a page that was left does not read: the next one sends what is kept.
        if (!isOther || !recording.ended()) later();
      } else set(key, { ...now, state: "refused", error });
    }
    return false;
  }

  /** Whether others have come or gone before the segment: then the answer is about whatever stands in its old place. */
  function isOfAnother({ status, problem }, segment) {
    return status === 404 || (status === 412 && Boolean(problem.current) && !isAtSameTime(problem.current, segment));
  }

  function hasMoved(key, segment) {
    const now = segmentOf(key);
    return now?.position !== segment.position || !isAtSameTime(now, segment);
  }

  function conflict(key, draft, current) {
    if (current && current.text === line(draft.text)) {
      // Somebody else, or this page before it lost the answer, wrote the same.
      set(key, null);
      recording.put(current);
      return;
    }
    set(key, { ...draft, state: "conflict", current });
    if (current) recording.put(current);
  }

  function later() {
    if (retry !== null) return;
    retry = setTimeout(() => {
      retry = null;
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
      saveAll();
    }, pause);
  }

  function saveAll() {
    return Promise.all([...drafts.peek().keys()].map(save));
  }

  /** End a conflict: with one's own text over the other one, or with the other one. */
  function settle(key, mine) {
    const draft = drafts.peek().get(key);
    if (!draft) return undefined;
    if (!mine) {
      set(key, null);
      return recording.load();
    }
    set(key, { ...draft, etag: draft.current?.etag ?? "*", before: draft.current?.text ?? "", state: "waiting" });
    return save(key);
  }

  const drop = (key) => set(key, null);

  const wake = () => {
    pause = FIRST_PAUSE_MS;
    saveAll();
  };
  window.addEventListener("online", wake);
  const watching = effect(() => {
    // Who has logged in again, and a server that is back: now it can be saved.
    if (can.edit && me.value && connection.value === "open") setTimeout(wake);
  });

  return {
    drafts, of, type, save, saveAll, settle, drop, restore,
    close() {
      window.removeEventListener("online", wake);
      watching();
      clearTimeout(retry);
      saveAll();
    },
  };
}

const isAtSameTime = (one, other) => one.start === other.start && one.end === other.end;

// No-break spaces stay: French typography puts them before ? ! : ; and inside « ».
const SPACES = /[^\S\u00a0\u2007\u202f]+/;

/** A text as the API keeps it: composed, on one line, with single spaces. */
export const line = (text) =>
  text.normalize("NFC").split(SPACES).filter((piece) => piece.trim()).join(" ").trim();
