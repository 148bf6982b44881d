// The microphone: what it hears is kept piece by piece (kept_recordings.js), and how loud it is can be asked for.

import { signal } from "@preact/signals";
import { begin, discard, keep } from "./kept_recordings.js";

const PIECE_MS = 1000;
const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const SPOKEN = 0.25; // a loud voice's share of the full scale, which fills the meter

/**
 * `state`: idle, asking, recording, paused, stopped; `problem`: insecure, refused, none (no microphone), failed, full (the
 * browser has no room), lost (it stopped by itself, and what came before is kept).
 */
export const recorder = signal({ state: "idle", seconds: 0, problem: null });

let media = null;
let stream = null;
let analyser = null;
let audio = null;
let recording = null;
let writing = Promise.resolve();
let pieces = 0;
let heardMs = 0;
let since = null;
// Raised by each start and each reset: what an earlier one has waited for is of no use any more.
let turn = 0;

export async function start() {
  const mine = (turn += 1);
  recorder.value = { state: "asking", seconds: 0, problem: null };
  try {
    const heard = await ask();
    if (mine !== turn) return silence(heard);
    listen(heard);
    const type = TYPES.find((name) => MediaRecorder.isTypeSupported(name)) ?? "";
    media = new MediaRecorder(stream, type ? { mimeType: type } : {});
    const begun = await begin(media.mimeType);
    if (mine !== turn) return await discard(begun.id);
    recording = begun;
    pieces = heardMs = 0;
    media.ondataavailable = ({ data }) => data.size && write(data);
    media.onstop = () => stopped(mine);
    media.start(PIECE_MS);
  } catch (error) {
    if (mine !== turn) return undefined;
    release();
    recorder.value = { state: "idle", seconds: 0, problem: problemOf(error) };
    return undefined;
  }
  since = performance.now();
  recorder.value = { state: "recording", seconds: 0, problem: null };
  return undefined;
}

export function pause() {
  media.pause();
  count();
  since = null;
  recorder.value = { ...recorder.value, state: "paused" };
}

export function resume() {
  media.resume();
  since = performance.now();
  recorder.value = { ...recorder.value, state: "recording" };
}

/** End it, where it has not ended by itself. Returns what was recorded, as kept_recordings.js has it. */
export async function stop() {
  if (media.state !== "inactive") {
    const ended = new Promise((resolve) => (media.onstop = resolve));
    media.stop();
    await ended;
    count();
    since = null;
    await writing;
    release();
    recorder.value = { ...recorder.value, state: "stopped" };
  }
  await writing;
  return recording;
}

// Nobody asked for it: the microphone was unplugged, or its permission withdrawn.
async function stopped(mine) {
  if (mine !== turn) return;
  count();
  since = null;
  await writing;
  if (mine !== turn) return;
  release();
  recorder.value = { ...recorder.value, state: "stopped", problem: recorder.value.problem ?? "lost" };
}

export function reset() {
  turn += 1;
  if (media && media.state !== "inactive") media.stop();
  release();
  recorder.value = { state: "idle", seconds: 0, problem: null };
}

/** How loud it is now, 0 to 1; and count the seconds on. */
export function level() {
  if (since !== null) recorder.value = { ...recorder.value, seconds: Math.floor(count() / 1000) };
  if (!analyser || recorder.value.state !== "recording") return 0;
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.min(1, Math.sqrt(power) / SPOKEN);
}

function count() {
  if (since !== null) {
    const now = performance.now();
    heardMs += now - since;
    since = now;
  }
  return heardMs;
}

function write(data) {
  const number = (pieces += 1);
  recording.seconds = Math.round(count() / 1000);
  const row = { ...recording };
  writing = writing.then(() => keep(row, number, data)).catch(() => {
    recorder.value = { ...recorder.value, problem: "full" };
  });
}

async function ask() {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("insecure");
  return navigator.mediaDevices.getUserMedia({ audio: true });
}

function listen(heard) {
  stream = heard;
  audio = new AudioContext();
  analyser = audio.createAnalyser();
  audio.createMediaStreamSource(stream).connect(analyser);
}

function release() {
  if (stream) silence(stream);
  audio?.close();
  stream = audio = analyser = null;
}

const silence = (heard) => heard.getTracks().forEach((track) => track.stop());

function problemOf(error) {
  if (error.message === "insecure") return "insecure";
  return { NotAllowedError: "refused", NotFoundError: "none" }[error.name] ?? "failed";
}
