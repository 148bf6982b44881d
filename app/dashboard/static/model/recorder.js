// The microphone: what it hears is kept piece by piece (kept_recordings.js), and how loud it is can be asked for.

import { signal } from "@preact/signals";
import { begin, keep } from "./kept_recordings.js";

const PIECE_MS = 1000;
const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const SPOKEN = 0.25; // a loud voice's share of the full scale, which fills the meter

/** `state`: idle, asking, recording, paused, stopped; `problem`: insecure, refused, none (no microphone), failed. */
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

export async function start() {
  recorder.value = { state: "asking", seconds: 0, problem: null };
  try {
    await listen();
    const type = TYPES.find((name) => MediaRecorder.isTypeSupported(name)) ?? "";
    media = new MediaRecorder(stream, type ? { mimeType: type } : {});
    recording = { id: await begin(media.mimeType), type: media.mimeType, began: Date.now(), seconds: 0 };
  } catch (error) {
    release();
    recorder.value = { state: "idle", seconds: 0, problem: problemOf(error) };
    return;
  }
  pieces = heardMs = 0;
  media.ondataavailable = ({ data }) => data.size && write(data);
  media.start(PIECE_MS);
  since = performance.now();
  recorder.value = { state: "recording", seconds: 0, problem: null };
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

/** End it. Returns what was recorded, as kept_recordings.js has it. */
export async function stop() {
  count();
  since = null;
  const ended = new Promise((resolve) => (media.onstop = resolve));
  media.stop();
  await ended;
  await writing;
  release();
  recorder.value = { ...recorder.value, state: "stopped" };
  return recording;
}

export function reset() {
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

async function listen() {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("insecure");
  stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  audio = new AudioContext();
  analyser = audio.createAnalyser();
  audio.createMediaStreamSource(stream).connect(analyser);
}

function release() {
  stream?.getTracks().forEach((track) => track.stop());
  audio?.close();
  stream = audio = analyser = null;
}

function problemOf(error) {
  if (error.message === "insecure") return "insecure";
  return { NotAllowedError: "refused", NotFoundError: "none" }[error.name] ?? "failed";
}
