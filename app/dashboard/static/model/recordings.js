// The list of recordings: pages of it as one reads on, and what changes meanwhile.

import { signal } from "@preact/signals";
import { get } from "../api.js";
import { admits, comparison, listQuery } from "./filters.js";
import { follow } from "./pace.js";
import { listen } from "./updates.js";

const FIRST_PAGE = 50;
const NEXT_PAGE = 200;
const GATHER_MS = 60;
const NAMES_MS = 500;
// From then on it is known who speaks.
const NAMED = ["transcribed", "done"];
const PATIENCE_MS = [1000, 2000, 5000, 10000];

/** `items` in their order; `cursor` where there is more; `known` once the first page came; `error` of the last try. */
const EMPTY = { items: [], cursor: null, known: false, loading: false, error: null };
export const list = signal(EMPTY);

let filters = null;
let round = 0;
let failures = 0;
let retry = null;
// Until a first page is here, what is shown is of other filters, and so is its cursor.
let isBehind = true;
let since = new Map();
let gone = new Set();

/** Show what these filters let through, from the start. What was shown stays until the answer is here. */
export function show(wanted) {
  filters = wanted;
  return load({ anew: true });
}

export const more = () => (list.value.cursor && !list.value.loading && !isBehind ? load() : undefined);

/** Try again now, where the last try failed. */
export const tryAgain = () => load({ anew: isBehind });

async function load({ anew = false } = {}) {
  clearTimeout(retry);
  if (anew) isBehind = true;
  const mine = (round += 1);
  // What is told while the answer is on its way is newer than the answer.
  [since, gone] = [new Map(), new Set()];
  list.value = { ...list.value, loading: true, error: null };
  const query = listQuery(filters);
  query.set("limit", anew ? FIRST_PAGE : NEXT_PAGE);
  if (!anew) query.set("cursor", list.value.cursor);
  let page;
  try {
    page = await get(`/api/transcriptions?${query}`);
  } catch (error) {
    if (mine === round) failed(error);
    return;
  }
  if (mine !== round) return;
  failures = 0;
  isBehind = false;
  const fresh = page.items.map((item) => (since.has(item.id) ? { speaker_names: item.speaker_names, ...since.get(item.id) } : item)).filter((item) => !gone.has(item.id));
  fresh.forEach(follow);
  const there = new Set(fresh.map((item) => item.id));
  const before = anew ? [] : list.value.items.filter((item) => !there.has(item.id));
  list.value = { items: [...before, ...fresh], cursor: page.next_cursor, known: true, loading: false, error: null };
  if (since.size) gather([...since.values()]);
}

function failed(error) {
  list.value = { ...list.value, loading: false, error };
  if (error.status === 401) return;
  const passing = error.status === 0 || error.status >= 500;
  if (!passing) return;
  retry = setTimeout(tryAgain, PATIENCE_MS[Math.min(failures, PATIENCE_MS.length - 1)]);
  failures += 1;
}

/** Follow what changes, until the function that this returns is called. */
export function followChanges() {
  let first = true;
  const online = () => list.value.error && tryAgain();
  window.addEventListener("online", online);
  const end = listen((message) => {
    if (message.type === "snapshot") {
      gather(message.transcriptions);
      // Not the first: the server could not go on from where we were.
      if (!first) load({ anew: true });
      first = false;
    } else if (message.type === "transcription.changed") {
      gather([message.transcription]);
      if (message.what === "speakers" || (!message.what && NAMED.includes(message.transcription.state))) askNames();
    } else if (message.type === "transcription.deleted") forget([message.transcription_id]);
  });
  return () => {
    window.removeEventListener("online", online);
    clearTimeout(retry);
    end();
  };
}

/** Take out what was deleted. */
export function forget(ids) {
  for (const id of ids) {
    gone.add(id);
    waiting.delete(id);
  }
  const left = list.value.items.filter((item) => !gone.has(item.id));
  if (left.length !== list.value.items.length) list.value = { ...list.value, items: left };
}

let asking = null;

/** Read anew what speakers are called: events do not tell it. */
function askNames() {
  asking ??= setTimeout(async () => {
    asking = null;
    const query = listQuery(filters);
    query.set("limit", Math.min(NEXT_PAGE, Math.max(1, list.value.items.length)));
    // Where it cannot be asked, the next change asks again.
    const page = await get(`/api/transcriptions?${query}`).catch(() => ({ items: [] }));
    const names = new Map(page.items.map((item) => [item.id, item.speaker_names]));
    const items = list.value.items.map((item) => (names.has(item.id) ? { ...item, speaker_names: names.get(item.id) } : item));
    list.value = { ...list.value, items };
  }, NAMES_MS);
}

const waiting = new Map();
let timer = null;

/** Take changes in, several at once: a busy site tells of dozens a second. */
export function gather(recordings) {
  for (const recording of recordings) {
    since.set(recording.id, recording);
    waiting.set(recording.id, recording);
  }
  timer ??= setTimeout(settle, GATHER_MS);
}

function settle() {
  timer = null;
  const changed = new Map(waiting);
  waiting.clear();
  if (!list.value.known) return;
  changed.forEach(follow);
  const kept = [];
  for (const item of list.value.items) {
    const now = changed.has(item.id) ? { speaker_names: item.speaker_names, ...changed.get(item.id) } : item;
    changed.delete(item.id);
    if (admits(filters, now) || filters.speaker) kept.push(now);
  }
  const order = comparison(filters);
  const last = kept.at(-1);
  // What would come behind the last one that is here comes with its page.
  const fresh = [...changed.values()].filter(
    (item) => admits(filters, item) && !gone.has(item.id) && (!list.value.cursor || (last && order(item, last) < 0)),
  );
  list.value = { ...list.value, items: fresh.length ? [...kept, ...fresh].sort(order) : kept };
}
