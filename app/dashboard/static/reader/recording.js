// One recording as the page knows it: what the API said of it, kept up to date by what it tells.

import { batch, computed, effect, signal } from "../html.js";
import { get } from "../api.js";
import { listen } from "../model/updates.js";

const SOON_MS = 150;
const AGAIN_MS = 2000;
// Text that appears is read anew, and never so often that reading it is all that happens.
const PARTIAL_PAUSE_MS = 800;
const PAUSE_FACTOR = 8;

/** What a segment is known by while others come and go before it: when it begins, and the how manieth then. */
export function named(segments) {
  const seen = new Map();
  for (const segment of segments) {
    const count = seen.get(segment.start) ?? 0;
    seen.set(segment.start, count + 1);
    segment.key = count ? `${segment.start}+${count}` : String(segment.start);
  }
  return segments;
}

export function createRecording(id) {
  const address = `/api/transcriptions/${id}`;
  let arrived;
  const ready = new Promise((resolve) => (arrived = resolve));
  const info = signal(null);
  const segments = signal([]);
  const speakers = signal([]);
  const notes = signal([]);
  const partial = signal(false);
  const error = signal(null);
  let timer = null;
  let loading = null;
  let ended = false;

  const positions = computed(() => new Map(segments.value.map((segment, index) => [segment.key, index])));
  const names = computed(() => {
    const found = new Map();
    speakers.value.forEach((speaker, index) => found.set(speaker.label, { ...speaker, place: index }));
    return found;
  });

  function take(body) {
    const { segments: said, speakers: heard, partial: more, dropped, ...rest } = body;
    const before = new Map(segments.peek().map((segment) => [segment.key, segment]));
    // What has not changed stays the same object: what is on the page of it is not drawn anew.
    const now = named(said).map((segment) => {
      const known = before.get(segment.key);
      const same = known && known.etag !== null && known.etag === segment.etag && known.speaker === segment.speaker;
      return same && known.position === segment.position ? known : segment;
    });
    batch(() => {
      info.value = rest;
      segments.value = now;
      speakers.value = heard;
      partial.value = more;
      error.value = null;
    });
    arrived();
  }

  async function load() {
    clearTimeout(timer);
    timer = null;
    const begun = performance.now();
    try {
      loading = get(address);
      const body = await loading;
      if (!ended) take(body);
    } catch (caught) {
      if (!ended && !info.peek()) error.value = caught;
    } finally {
      loading = null;
    }
    return performance.now() - begun;
  }

  let pause = PARTIAL_PAUSE_MS;
  function loadSoon(wait = SOON_MS) {
    if (timer !== null || ended) return;
    timer = setTimeout(async () => {
      timer = null;
      pause = Math.max(PARTIAL_PAUSE_MS, PAUSE_FACTOR * (await load()));
    }, wait);
  }

  async function loadNotes() {
    try {
      notes.value = (await get(`${address}/notes`)).items;
    } catch {
      // The text is there without them; the next change brings them.
    }
  }

  /** Put a segment that the API gave in the place of the one that was there. */
  function put(segment) {
    const now = [...segments.peek()];
    if (!now[segment.position]) return loadSoon();
    const key = now[segment.position].key;
    if (now[segment.position].start !== segment.start) return loadSoon();
    now[segment.position] = { ...segment, key };
    segments.value = now;
    return undefined;
  }

  async function readSegment(position) {
    try {
      put(await get(`${address}/segments/${position}`));
    } catch {
      loadSoon();
    }
  }

  function changed({ transcription, what, segment }) {
    const before = info.peek();
    info.value = { ...before, ...transcription, enrichment: withAnswers(before?.enrichment, transcription.enrichment) };
    if (what === "text") readSegment(segment);
    else if (what === "segments" || what === "speakers") loadSoon();
    else if (what === "notes") loadNotes();
    else if (!what && (before?.state !== transcription.state || isOther(before, transcription))) loadSoon();
  }

  // Lists and events tell of an enrichment without its answers.
  const withAnswers = (before, now) => (now && before?.answers && now.answers === undefined ? { ...now, answers: before.answers } : now);
  const isOther = (before, now) =>
    before?.diarization?.state !== now.diarization?.state || before?.enrichment?.state !== now.enrichment?.state;

  function apply(message) {
    if (message.type === "snapshot") {
      const [now] = message.transcriptions;
      if (now && info.peek()) changed({ transcription: now });
    } else if (message.type === "transcription.changed") changed(message);
    else if (message.type === "transcription.text") loadSoon(pause);
    else if (message.type === "transcription.deleted") {
      error.value = { code: "not-found", message: "", status: 404 };
      info.value = null;
    }
  }

  // Where it has not come yet, it is asked for again; a line that is back, or somebody who has logged in again, brings it, too.
  effect(() => {
    const status = error.value?.status;
    if (status === 0 || status === 429 || status >= 500) loadSoon(AGAIN_MS);
  });
  const stop = listen((message) => (message.type === "snapshot" && error.peek() ? load() : apply(message)), { transcription: id });
  load();
  // Once it is here, by whichever try.
  ready.then(loadNotes);

  return {
    id, address, info, segments, speakers, notes, partial, error, names, positions, ready, load, loadSoon, loadNotes, put,
    ended: () => ended,
    close() {
      ended = true;
      clearTimeout(timer);
      stop();
    },
  };
}

/** The index of the segment that is said at a moment; of the one before where nobody speaks; -1 before the first. */
export function indexAt(segments, seconds) {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle].start <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
