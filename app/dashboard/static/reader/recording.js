// One recording as the page knows it: what the API said of it, kept up to date by what it tells.

import { batch, computed, effect, signal } from "../html.js";
import { get } from "../api.js";
import { listen } from "../model/updates.js";

const SOON_MS = 150;
const AGAIN_MS = 2000;
// A connection that is there that soon after the text was asked for has missed nothing.
const AT_ONCE_MS = 2000;
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
  let ended = false;
  // Answers come in any order. What was asked for later is newer, and what was saved is newer than all that was asked for before.
  let asked = 0;
  let whole = 0;
  let noted = 0;
  let lastAsked = 0;
  /** By key, the segments that came by themselves, and when each was asked for. */
  const parts = new Map();

  const positions = computed(() => new Map(segments.value.map((segment, index) => [segment.key, index])));
  const names = computed(() => {
    const found = new Map();
    speakers.value.forEach((speaker, index) => found.set(speaker.label, { ...speaker, place: index }));
    return found;
  });

  function take(body, when) {
    whole = when;
    for (const [key, part] of parts) if (part.when < when) parts.delete(key);
    const { segments: said, speakers: heard, partial: more, dropped, ...rest } = body;
    const before = new Map(segments.peek().map((segment) => [segment.key, segment]));
    // What has not changed stays the same object: what is on the page of it is not drawn anew.
    const now = named(said).map((answered) => {
      const segment = withPart(answered);
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

  /** A segment of the whole text, with what is newer of it. */
  function withPart(answered) {
    const newer = parts.get(answered.key)?.segment;
    if (newer?.start !== answered.start || newer.end !== answered.end) return answered;
    return { ...newer, key: answered.key, position: answered.position, speaker: answered.speaker };
  }

  /** Read it anew. Throws ApiError where it does not come. */
  async function read() {
    clearTimeout(timer);
    timer = null;
    const when = (asked += 1);
    lastAsked = performance.now();
    try {
      const body = await get(address);
      if (!ended && when > whole) take(body, when);
    } catch (caught) {
      lastAsked = 0;
      if (!ended && when > whole) miss(caught, when);
      throw caught;
    }
  }

  /** The same, but what is here stays until it comes. Returns how long it took, in milliseconds. */
  async function load() {
    const begun = performance.now();
    await read().catch(() => {});
    return performance.now() - begun;
  }

  /** It did not come; where it is not theirs to see any more, or gone, what there was of it goes, too. */
  function miss(why, when) {
    batch(() => {
      if (why.status === 403 || why.status === 404) {
        whole = when;
        info.value = null;
      }
      if (!info.peek()) error.value = why;
    });
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
    const when = (asked += 1);
    try {
      const { items } = await get(`${address}/notes`);
      if (when < noted) return;
      noted = when;
      notes.value = items;
    } catch {
      // The text is there without them; the next change brings them.
    }
  }

  /** Put a segment that was saved in the place of the one that was there; `stood` is the one that it was sent for. */
  function put(segment, stood) {
    const there = segments.peek()[segment.position];
    place(segment, (asked += 1));
    // Something else has come meanwhile, before it was saved or after: which, is asked.
    if (stood && there !== stood) readSegment(segment.position);
  }

  function place(segment, when) {
    const now = [...segments.peek()];
    const there = now[segment.position];
    if (there?.start !== segment.start) return loadSoon();
    const placed = { ...segment, key: there.key };
    now[segment.position] = placed;
    parts.set(there.key, { segment: placed, when });
    segments.value = now;
    return undefined;
  }

  async function readSegment(position) {
    const when = (asked += 1);
    try {
      const segment = await get(`${address}/segments/${position}`);
      const key = segments.peek()[position]?.key;
      if (whole > when || parts.get(key)?.when > when) await readSegment(position);
      else place(segment, when);
    } catch {
      loadSoon();
    }
  }

  function changed({ transcription, what, segment }) {
    const before = info.peek();
    // Lists and events tell of an enrichment without its answers.
    const enrichment = transcription.enrichment && { ...before?.enrichment, ...transcription.enrichment };
    info.value = { ...before, ...transcription, enrichment };
    if (what === "text") readSegment(segment);
    else if (what === "segments" || what === "speakers") loadSoon();
    else if (what === "notes") loadNotes();
    else if (!what && (before?.state !== transcription.state || isOther(before, transcription))) loadSoon();
  }

  const isOther = (before, now) =>
    before?.diarization?.state !== now.diarization?.state || before?.enrichment?.state !== now.enrichment?.state;

  let following = false;
  function apply(message, tried) {
    if (message.type === "snapshot") {
      const [now] = message.transcriptions;
      const isKnown = info.peek() !== null;
      if (now && isKnown) changed({ transcription: now });
      // Where it is not the first, the server could not go on from where we were. And before a late one nobody told anything.
      const isLate = tried > lastAsked || performance.now() - lastAsked > AT_ONCE_MS;
      if (following || isLate || error.peek()) load();
      if (isKnown && (following || isLate)) loadNotes();
      following = true;
    } else if (message.type === "transcription.changed") changed(message);
    else if (message.type === "transcription.text") loadSoon(pause);
    else if (message.type === "transcription.deleted") {
      miss({ code: "not-found", message: "", status: 404 }, (asked += 1));
    }
  }

  // Where it has not come yet, it is asked for again; a line that is back, or somebody who has logged in again, brings it, too.
  effect(() => {
    const status = error.value?.status;
    if (status === 0 || status === 429 || status >= 500) loadSoon(AGAIN_MS);
  });
  const stop = listen(apply, { transcription: id });
  load();
  // Once it is here, by whichever try.
  ready.then(loadNotes);

  return {
    id, address, info, segments, speakers, notes, partial, error, names, positions, ready, read, load, loadSoon, loadNotes, put,
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
