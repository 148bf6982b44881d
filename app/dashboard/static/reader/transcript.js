// The text, of which only what can be seen is on the page: ten hours scroll like ten minutes. Heights are estimated until a
// segment was shown once, and measured then.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../html.js";
import { t } from "../i18n.js";
import { Segment } from "./segment.js";

const BEYOND_PIXELS = 900;
const FIRST_SHOWN = 30;
const LINE_PIXELS = 27;
const AROUND_PIXELS = 3;
const SPEAKER_PIXELS = 40;
const CHARACTER_PIXELS = 8.2;
// Where scrolling to a segment shows others for the first time, their true heights move it; a few rounds settle it.
const ROUNDS = 6;
const SCROLLING = ["wheel", "touchmove", "pointerdown"];

/** Tell whether a segment begins a speaker's turn: then it is said above it who speaks. */
export const beginsTurn = (segments, index) => index === 0 || segments[index - 1].speaker !== segments[index].speaker;

/** Where every segment begins, in pixels from the first one; one more for the end. */
function places(segments, heights, width) {
  const perLine = Math.max(20, (width - 90) / CHARACTER_PIXELS);
  const offsets = new Float64Array(segments.length + 1);
  for (let index = 0; index < segments.length; index += 1) {
    const segment = segments[index];
    const guess = Math.ceil(segment.text.length / perLine || 1) * LINE_PIXELS + AROUND_PIXELS;
    const height = heights.get(segment.key) ?? guess + (beginsTurn(segments, index) ? SPEAKER_PIXELS : 0);
    offsets[index + 1] = offsets[index] + height;
  }
  return offsets;
}

function atPixel(offsets, pixel) {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (offsets[middle + 1] <= pixel) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function Transcript({ reading }) {
  const { recording, view } = reading;
  const segments = recording.segments.value;
  const element = useRef(null);
  const heights = useRef(new Map());
  const [version, setVersion] = useState(0);
  const [window_, setWindow] = useState({ first: 0, last: FIRST_SHOWN, width: 700 });
  const offsets = useMemo(
    () => places(segments, heights.current, window_.width),
    [segments, version, window_.width],
  );
  const present = useRef({});
  present.current = { segments, offsets };
  const all = view.printing.value;
  const first = all ? 0 : Math.min(window_.first, Math.max(0, segments.length - 1));
  const last = all ? segments.length - 1 : Math.min(window_.last, segments.length - 1);

  useLayoutEffect(() => {
    let frame = 0;
    function look() {
      frame = 0;
      const box = element.current?.getBoundingClientRect();
      if (!box) return;
      const from = atPixel(present.current.offsets, -box.top - BEYOND_PIXELS);
      const to = atPixel(present.current.offsets, -box.top + window.innerHeight + BEYOND_PIXELS);
      setWindow((was) =>
        was.first === from && was.last === to && was.width === box.width ? was : { first: from, last: to, width: box.width },
      );
    }
    const soon = () => (frame ||= requestAnimationFrame(look));
    window.addEventListener("scroll", soon, { passive: true });
    // In another width all lines break elsewhere; that the text became longer or shorter changes nothing.
    let width = element.current.getBoundingClientRect().width;
    const resized = new ResizeObserver(([{ contentRect }]) => {
      if (Math.abs(contentRect.width - width) > 1) heights.current.clear();
      width = contentRect.width;
      soon();
    });
    resized.observe(element.current);
    look();
    return () => {
      window.removeEventListener("scroll", soon);
      cancelAnimationFrame(frame);
      resized.disconnect();
    };
  }, [segments.length > 0]);

  // What is shown is measured, again whenever it changes its height.
  const measuring = useMemo(
    () =>
      new ResizeObserver((entries) => {
        let changed = false;
        for (const { target, borderBoxSize } of entries) {
          const height = borderBoxSize[0].blockSize;
          if (height && Math.abs((heights.current.get(target.dataset.key) ?? -1) - height) > 0.5) {
            heights.current.set(target.dataset.key, height);
            changed = true;
          }
        }
        if (changed) setVersion((before) => before + 1);
      }),
    [],
  );
  useEffect(() => () => measuring.disconnect(), []);

  // With the drawing: a link to a passage, or a key, may ask for it at once.
  useLayoutEffect(() => {
    const rowOf = (index) => element.current?.querySelector(`[data-key="${CSS.escape(present.current.segments[index]?.key ?? "")}"]`);
    let latest = 0;
    // Whoever scrolls by hand meanwhile goes where they want.
    const givenUp = () => (latest += 1);
    for (const name of SCROLLING) window.addEventListener(name, givenUp, { passive: true });
    view.isHidden = () => element.current?.getClientRects().length === 0;
    view.reveal = async (index, { focus = false } = {}) => {
      if (view.isHidden()) return;
      const mine = (latest += 1);
      for (let round = 0; round < ROUNDS && mine === latest && element.current; round += 1) {
        const row = rowOf(index);
        const top = element.current.getBoundingClientRect().top + present.current.offsets[index];
        const at = row ? row.getBoundingClientRect().top : top;
        const wanted = barHeight() + Math.min(160, window.innerHeight / 5);
        if (row && Math.abs(at - wanted) < 3) break;
        window.scrollBy({ top: at - wanted, behavior: "instant" });
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      }
      if (focus && mine === latest) rowOf(index)?.focus({ preventScroll: true });
    };
    view.isShown = (index) => {
      const box = rowOf(index)?.getBoundingClientRect();
      return Boolean(box && box.top >= barHeight() && box.bottom <= window.innerHeight - 8);
    };
    return () => {
      for (const name of SCROLLING) window.removeEventListener(name, givenUp);
    };
  }, []);

  // Whoever writes keeps what they write in, however far they scroll.
  const writing = view.editing.value === null ? -1 : (recording.positions.value.get(view.editing.value) ?? -1);
  const shown = [];
  if (writing >= 0 && writing < first) shown.push(writing);
  for (let index = first; index <= last; index += 1) shown.push(index);
  if (writing > last) shown.push(writing);

  const rows = [];
  let at = 0;
  for (const index of shown) {
    if (index > at) rows.push(space(`before ${index}`, offsets[index] - offsets[at]));
    rows.push(
      html`<${Segment}
        key=${segments[index].key}
        segment=${segments[index]}
        index=${index}
        count=${segments.length}
        turn=${beginsTurn(segments, index)}
        measuring=${measuring}
        reading=${reading}
      />`,
    );
    at = index + 1;
  }
  if (at < segments.length) rows.push(space("after", offsets[segments.length] - offsets[at]));
  return html`<div class="transcript" role="list" aria-label=${t("reader.transcript")} ref=${element}>${rows}</div>`;
}

const space = (key, height) => html`<div key=${key} class="transcript-space" role="none" style=${{ height: `${height}px` }}></div>`;

/** How far down the page what stays at its top reaches. */
export const barHeight = () => document.querySelector(".player")?.getBoundingClientRect().bottom ?? 0;
