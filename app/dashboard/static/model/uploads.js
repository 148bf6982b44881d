// Recordings on their way to the server, in pieces that go on after a cut (tus 1.0.0, docs/api.md). What goes wrong on the
// way is tried again until it works or somebody cancels; what the server refuses is said, with the server's reason.

import { batch, computed, signal } from "@preact/signals";
import { ApiError, get, remove } from "../api.js";
import { Pace } from "./pace.js";
import { identified, ownId, sessionEnded } from "./session.js";
import { loadTus } from "./tus.js";

const AT_ONCE = 3;
const PATIENCE_MS = [1000, 2000, 4000, 8000, 15000];
// Bytes that are handed over are not taken yet: a server that refuses them says so at once.
const STEADY_MS = 3000;
const ENDPOINT = "/api/uploads";

/** `state`: waiting, sending, paused, broken (tried again by itself), done, refused. */
export const uploads = signal([]);

/** Files that were dropped on another page than the home, until the home takes them. */
export const dropped = signal(null);

export const underWay = computed(() =>
  uploads.value.filter(({ state }) => ["waiting", "sending", "paused", "broken"].includes(state)),
);

/** Tell whether something is being sent that ends where the page is left. What is paused waits anyway. */
export const leavingEndsSomething = () => underWay.value.some(({ state }) => state !== "paused");

let next = 0;

/** Begin to send files, all with the same options. `onDone` is called for each that is there. */
export function send(files, options, { onDone } = {}) {
  const made = files.map((file) => ({
    id: (next += 1),
    name: file.name,
    size: file.size,
    sent: 0,
    state: "waiting",
    error: null,
    transcription: null,
    project: options.project,
    file,
    options,
    by: ownId(),
    onDone,
    tus: null,
    preparing: false,
    pace: new Pace(),
    tries: 0,
    begunAt: 0,
    timer: null,
  }));
  uploads.value = [...uploads.value, ...made];
  fill();
  return made.map(({ id }) => id);
}

export async function pause(id) {
  const upload = find(id);
  clearTimeout(upload.timer);
  change(id, { state: "paused" });
  await upload.tus?.abort();
  fill();
}

export function resume(id) {
  find(id).tries = 0;
  change(id, { state: "waiting", error: null });
  fill();
}

/** Stop it and let the server forget what came. */
export async function cancel(id) {
  const upload = find(id);
  clearTimeout(upload.timer);
  await upload.tus?.abort();
  forgetKept(upload.tus?.url);
  dismiss(id);
  if (upload.tus?.url) {
    const headers = { "Tus-Resumable": "1.0.0" };
    // Where there is no connection it expires by itself.
    await remove(upload.tus.url, { headers }).catch(() => {});
  }
  fill();
}

/** Take it out of the list. */
export function dismiss(id) {
  uploads.value = uploads.value.filter((upload) => upload.id !== id);
}

export const dismissAll = () => (uploads.value = []);

/** Stop all of it and forget it here; as when the page is closed, what came stays on the server for a day. */
export function stopAll() {
  for (const { timer, tus } of uploads.value) {
    clearTimeout(timer);
    tus?.abort();
  }
  dismissAll();
}

export const secondsLeft = (upload) => upload.pace.left(upload.size);

function find(id) {
  return uploads.value.find((upload) => upload.id === id);
}

function change(id, changes) {
  uploads.value = uploads.value.map((upload) => (upload.id === id ? Object.assign({ ...upload }, changes) : upload));
}

function fill() {
  const busy = uploads.value.filter(({ state }) => state === "sending").length;
  const waiting = uploads.value.filter(({ state }) => state === "waiting").slice(0, Math.max(0, AT_ONCE - busy));
  batch(() => waiting.forEach(({ id }) => change(id, { state: "sending" })));
  waiting.forEach(({ id }) => start(id));
}

async function start(id) {
  try {
    const upload = find(id);
    // Whoever is preparing it begins it, too: it may have been paused and resumed meanwhile.
    if (!upload || upload.preparing) return;
    const begun = upload.tus ?? (await prepared(id));
    if (find(id)?.state !== "sending") return;
    find(id).begunAt = performance.now();
    begun.start();
  } catch (error) {
    if (error instanceof ApiError) refused(id, error);
    else broken(id);
  }
}

async function prepared(id) {
  find(id).preparing = true;
  try {
    return await prepare(id);
  } finally {
    if (find(id)) find(id).preparing = false;
  }
}

async function prepare(id) {
  const { Upload } = await loadTus();
  const { file, options, by } = find(id);
  const tus = new Upload(file, {
    endpoint: ENDPOINT,
    metadata: { filename: file.name, ...options },
    // What to do about a broken connection is decided here: without end, and at once when the browser is back.
    retryDelays: null,
    removeFingerprintOnSuccess: true,
    fingerprint: async () => `${by}-${file.name}-${file.type}-${file.size}-${file.lastModified}`,
    onBeforeRequest: identified,
    onProgress: (sent) => progressed(id, sent),
    onAfterResponse: (_, response) => {
      const made = response.getHeader("X-Transcription-ID");
      if (made) change(id, { transcription: made });
    },
    onSuccess: () => succeeded(id),
    onError: (error) => failed(id, error),
  });
  // The same file was begun before the page was closed: go on from there. Not where it is meant otherwise now, as what was
  // begun goes where it was meant to go then.
  const earlier = (await tus.findPreviousUploads()).find((upload) => isSame(upload.metadata, tus.options.metadata));
  if (earlier) tus.resumeFromPreviousUpload(earlier);
  if (find(id)) find(id).tus = tus;
  return tus;
}

function isSame(one, other) {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

function progressed(id, sent) {
  const upload = find(id);
  if (!upload) return;
  upload.pace.see(sent);
  const isSteady = performance.now() - upload.begunAt > STEADY_MS;
  change(id, isSteady ? { sent, why: null, tries: 0 } : { sent });
}

function succeeded(id) {
  const { transcription } = find(id) ?? {};
  if (transcription) arrived(id, transcription);
  else settle(id);
}

function arrived(id, transcription) {
  const upload = find(id);
  change(id, { state: "done", sent: upload.size, transcription });
  upload.onDone?.();
  fill();
}

// All of it came, and what was answered to the last piece was lost on the way: the server may refuse it yet.
async function settle(id) {
  const { tus } = find(id) ?? {};
  if (!tus) return;
  const known = await get(tus.url).catch((error) => ({ state: error.isPassing ? "unknown" : "gone" }));
  const upload = find(id);
  if (upload?.state !== "sending" || upload.tus !== tus) return;
  if (known.transcription_id || known.state === "finished") arrived(id, known.transcription_id);
  else if (known.state === "refused") refused(id, new ApiError(known.error.status, known.error));
  else if (["complete", "unknown"].includes(known.state)) {
    const timer = setTimeout(() => settle(id), patience(upload.tries));
    change(id, { sent: upload.size, tries: upload.tries + 1, timer });
  } else beginAnew(id);
}

function beginAnew(id) {
  forgetKept(find(id).tus.url);
  find(id).tus = null;
  change(id, { sent: 0 });
  broken(id);
}

const patience = (tries) => PATIENCE_MS[Math.min(tries, PATIENCE_MS.length - 1)];

function failed(id, error) {
  const response = error.originalResponse;
  const status = response?.getStatus() ?? 0;
  const upload = find(id);
  if (!upload) return;
  if (status === 401) sessionEnded();
  // Gone: all of it was sent, and it was refused meanwhile; or it has expired, or ended elsewhere, and begins anew.
  if (status === 410 && upload.sent === upload.size && upload.state === "sending") settle(id);
  else if (status === 404 || status === 410) beginAnew(id);
  else if (status === 0 || status === 401 || status === 409 || status === 423 || status === 429) broken(id);
  else if (status === 507) broken(id, "full");
  else if (status >= 500) broken(id, "away");
  else refused(id, problemOf(status, response.getBody()));
}

// Tried again by itself. `why` holds until it goes on steadily. broken: the line; away: the server is there, and takes no
// recording at the moment; full: it has no room, until somebody makes some.
function broken(id, why = "broken") {
  const upload = find(id);
  if (!upload || upload.state === "paused") return;
  clearTimeout(upload.timer);
  const timer = setTimeout(() => again(id), patience(upload.tries));
  change(id, { state: "broken", why, tries: upload.tries + 1, timer });
  fill();
}

function again(id) {
  if (find(id)?.state !== "broken") return;
  change(id, { state: "waiting" });
  fill();
}

function problemOf(status, body) {
  let problem = {};
  try {
    problem = JSON.parse(body);
  } catch {
    // Something on the way answered, and not our server.
  }
  return new ApiError(status, problem);
}

function refused(id, error) {
  change(id, { state: "refused", error });
  forgetKept(find(id).tus?.url);
  fill();
}

window.addEventListener("online", () => {
  for (const upload of uploads.value) {
    if (upload.state !== "broken") continue;
    clearTimeout(upload.timer);
    again(upload.id);
  }
});

// Leaving the page ends what it sends; what came so far is kept on the server for a day.
window.addEventListener("beforeunload", (event) => {
  if (leavingEndsSomething()) event.preventDefault();
});

const KEPT = "tus::";

/** One's own uploads that an earlier visit left unfinished: the same file with the same options goes on where it stopped. */
export function unfinished() {
  const found = [];
  for (const key of Object.keys(localStorage).filter((key) => key.startsWith(`${KEPT}${ownId()}-`))) {
    try {
      const kept = JSON.parse(localStorage.getItem(key));
      if (kept.uploadUrl) found.push({ url: kept.uploadUrl, name: kept.metadata.filename, size: kept.size });
    } catch {
      localStorage.removeItem(key);
    }
  }
  return found.filter(({ url }) => !uploads.value.some((upload) => upload.tus?.url === url));
}

/** Let go of what an earlier visit left. */
export async function abandon(url) {
  forgetKept(url);
  await remove(url, { headers: { "Tus-Resumable": "1.0.0" } }).catch(() => {});
}

function forgetKept(url) {
  for (const key of Object.keys(localStorage)) {
    if (url && key.startsWith(KEPT) && localStorage.getItem(key).includes(url)) localStorage.removeItem(key);
  }
}
