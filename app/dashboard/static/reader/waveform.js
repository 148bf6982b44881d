// The waveform, each stretch in its speaker's colour. For the eye and the mouse; the slider below it is for everybody.

import WaveSurfer from "wavesurfer.js";
import { html, useEffect, useRef, useSignalEffect } from "../html.js";
import { get } from "../api.js";
import { theme } from "../theme.js";
import { voiceOf } from "./voices.js";

const BAR_PIXELS = 3;
const GAP_PIXELS = 1;
const POINTS = 2000;
const TO_COME = 0.45;

export function Waveform({ recording, player, address = recording.address }) {
  const place = useRef(null);
  const drawn = useRef(null);

  const redraw = () => drawn.current?.setOptions({ ...tints(), height: place.current?.clientHeight || 64 });

  useEffect(() => {
    let gone = false;
    get(`${address}/peaks?points=${POINTS}`).then(
      (peaks) => !gone && place.current && (drawn.current = draw(place.current, peaks, recording, player)),
      () => place.current?.classList.add("none"),
    );
    return () => {
      gone = true;
      drawn.current?.destroy();
      // What is asked of it later is asked of nobody: it has let go of its elements.
      drawn.current = null;
    };
  }, [recording]);

  useSignalEffect(() => {
    // Other speakers, other colours.
    recording.segments.value;
    recording.names.value;
    theme.value;
    // After the theme has come to the page, whose colours are read.
    queueMicrotask(redraw);
  });

  useEffect(() => {
    const small = window.matchMedia("(max-width: 40rem)");
    small.addEventListener("change", redraw);
    return () => small.removeEventListener("change", redraw);
  }, []);

  return html`<div class="waveform" ref=${place} aria-hidden="true"></div>`;
}

const tints = () => ({ progressColor: css("--accent"), cursorColor: css("--text") });

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function draw(container, { peaks, duration_seconds: seconds, heard_seconds: heard }, recording, player) {
  const duration = seconds || heard || player.duration.peek();
  // What was not listened to yet has no height.
  const whole = heard && heard < duration ? [...peaks, ...new Array(Math.round((peaks.length * (duration - heard)) / heard)).fill(0)] : peaks;
  const nonce = document.querySelector('meta[name="style-nonce"]')?.content;
  const surfer = WaveSurfer.create({
    container,
    media: player.media,
    peaks: [whole],
    duration,
    height: container.clientHeight || 64,
    cursorWidth: 2,
    dragToSeek: true,
    autoScroll: false,
    cspNonce: nonce,
    renderFunction: (channels, context) => bars(channels[0], context, duration, recording, TO_COME),
    ...tints(),
  });
  // What was played is drawn over the rest in one colour; it is to have the speakers' colours, too.
  surfer.on("redrawcomplete", () => {
    for (const canvas of surfer.getWrapper().querySelectorAll(".progress canvas")) {
      const context = canvas.getContext("2d");
      context.globalCompositeOperation = "source-over";
      context.clearRect(0, 0, canvas.width, canvas.height);
      bars(whole, context, duration, recording, 1);
    }
  });
  surfer.on("interaction", (at) => player.seek(at));
  return surfer;
}

function bars(points, context, duration, recording, strength) {
  const { width, height } = context.canvas;
  context.globalAlpha = strength;
  const scale = window.devicePixelRatio || 1;
  const step = (BAR_PIXELS + GAP_PIXELS) * scale;
  const colours = colouring(recording, duration, Math.ceil(width / step));
  for (let bar = 0; bar * step < width; bar += 1) {
    const from = Math.floor((bar * step * points.length) / width);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * step * points.length) / width));
    let loudest = 0;
    for (let index = from; index < to && index < points.length; index += 1) loudest = Math.max(loudest, Math.abs(points[index]));
    const tall = Math.max(2 * scale, loudest * height * 0.92);
    context.fillStyle = colours[bar];
    context.beginPath();
    context.roundRect(bar * step, (height - tall) / 2, BAR_PIXELS * scale, tall, BAR_PIXELS * scale);
    context.fill();
  }
}

/** A colour for each bar: that of whoever speaks then, grey where nobody does. */
function colouring(recording, duration, count) {
  const names = recording.names.peek();
  const voices = Array.from({ length: 8 }, (_, index) => css(`--voice-${index}`));
  const colours = new Array(count).fill(css("--line-strong"));
  for (const { start, end, speaker } of recording.segments.peek()) {
    if (speaker === null) continue;
    const colour = voices[voiceOf(names, speaker)];
    const last = Math.min(count - 1, Math.floor((end / duration) * count));
    for (let bar = Math.floor((start / duration) * count); bar <= last; bar += 1) colours[bar] = colour;
  }
  return colours;
}
