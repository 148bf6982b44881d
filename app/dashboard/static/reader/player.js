// The sound: one media element, told as signals. It streams by ranges; nothing is read before somebody plays.

import { computed, effect, signal } from "../html.js";
import { ask } from "../api.js";
import { endedMeanwhile } from "../model/session.js";
import { indexAt } from "./recording.js";

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 3];
const KEPT_RATE = "vocalyx.rate";
const KEPT_SKIP = "vocalyx.skipSilence";
const SILENCE_SECONDS = 1.2;
const MARGIN_SECONDS = 0.2;
const AGAIN_MS = 10_000;

export function createPlayer(recording, { source = `${recording.address}/audio` } = {}) {
  const media = new Audio();
  media.preload = "metadata";
  if (source) media.src = source;
  const time = signal(0);
  const playing = signal(false);
  const missing = signal(!source);
  // Missing for the moment: it is there, and cannot be reached.
  const away = signal(false);
  const length = signal(0);
  const rate = signal(Number(localStorage.getItem(KEPT_RATE)) || 1);
  const skipping = signal(localStorage.getItem(KEPT_SKIP) === "true");
  const duration = computed(() => recording.info.value?.duration_seconds || length.value || 0);
  let frame = 0;
  let later = 0;

  function tell() {
    time.value = media.currentTime;
    if (skipping.peek() && !media.paused) skip();
  }

  function run() {
    tell();
    frame = media.paused ? 0 : requestAnimationFrame(run);
  }

  function skip() {
    const segments = recording.segments.peek();
    const index = indexAt(segments, media.currentTime);
    const next = segments[index + 1];
    // Those of several channels lie over one another: the one before is not the only one that may go on.
    const end = Math.max(0, ...segments.slice(Math.max(0, index - 3), index + 1).map((segment) => segment.end));
    if (next && media.currentTime > end + MARGIN_SECONDS && next.start - media.currentTime > SILENCE_SECONDS) {
      media.currentTime = next.start - MARGIN_SECONDS;
    }
  }

  media.addEventListener("play", () => {
    playing.value = true;
    cancelAnimationFrame(frame);
    run();
  });
  media.addEventListener("pause", () => (playing.value = false));
  for (const name of ["timeupdate", "seeking", "seeked"]) media.addEventListener(name, tell);
  media.addEventListener("durationchange", () => (length.value = Number.isFinite(media.duration) ? media.duration : 0));
  media.addEventListener("error", async () => {
    missing.value = true;
    away.value = await isAway(source);
    clearTimeout(later);
    if (away.value && media.getAttribute("src")) again();
  });
  // While a login is asked for, nothing comes of it.
  function again() {
    later = setTimeout(() => (endedMeanwhile.peek() ? again() : media.load()), AGAIN_MS);
  }

  media.addEventListener("loadedmetadata", () => {
    if (!away.peek()) return;
    media.currentTime = time.peek();
    away.value = missing.value = false;
  });
  const following = effect(() => {
    media.playbackRate = rate.value;
    media.preservesPitch = true;
  });

  const play = () => media.play().catch(() => undefined);

  function seek(seconds) {
    const to = Math.min(Math.max(0, seconds), duration.peek() || seconds);
    media.currentTime = to;
    time.value = to;
  }

  return {
    media, time, playing, missing, away, rate, skipping, duration, play, seek,
    pause: () => media.pause(),
    toggle: () => (media.paused ? play() : media.pause()),
    by: (seconds) => seek(media.currentTime + seconds),
    setRate(value) {
      rate.value = value;
      localStorage.setItem(KEPT_RATE, String(value));
    },
    setSkipping(value) {
      skipping.value = value;
      localStorage.setItem(KEPT_SKIP, String(value));
    },
    close() {
      following();
      clearTimeout(later);
      cancelAnimationFrame(frame);
      media.pause();
      media.removeAttribute("src");
      media.load();
    },
  };
}

// A media element does not say why it has nothing. For want of a login, a recording is not gone.
const isAway = (source) => ask("HEAD", source, { whole: true }).then(() => false, (error) => error.isPassing);
