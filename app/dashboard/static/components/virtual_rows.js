// Rows of one height, of which only those in sight are there: thousands scroll like ten. The page itself scrolls.
// `render(item, index)` makes a row; `onNearEnd` is called where the end comes into sight. The row that has the focus stays.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";

const AROUND = 8;

export function VirtualRows({ items, height, render, onNearEnd }) {
  const element = useRef(null);
  const [range, setRange] = useState([0, 30]);
  const [focused, setFocused] = useState(null);

  useLayoutEffect(() => {
    let frame = null;
    function measure() {
      frame = null;
      const top = element.current.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(-top / height) - AROUND);
      const last = Math.ceil((window.innerHeight - top) / height) + AROUND;
      setRange((before) => (before[0] === first && before[1] === last ? before : [first, last]));
    }
    const later = () => (frame ??= requestAnimationFrame(measure));
    measure();
    window.addEventListener("scroll", later, { passive: true });
    window.addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", later);
      window.removeEventListener("resize", later);
    };
  }, [height, items.length]);

  useEffect(() => {
    if (range[1] >= items.length) onNearEnd?.();
  }, [range, items.length]);

  const shown = [];
  for (let index = range[0]; index < Math.min(range[1], items.length); index += 1) shown.push(index);
  const kept = focused === null ? -1 : items.findIndex((item) => item.id === focused);
  if (kept >= 0 && !shown.includes(kept)) shown[kept < range[0] ? "unshift" : "push"](kept);

  return html`<div
    ref=${element}
    class="rows"
    role="rowgroup"
    style=${{ blockSize: `${items.length * height}px` }}
    onFocusIn=${(event) => setFocused(event.target.closest("[data-row]")?.dataset.row ?? null)}
    onFocusOut=${() => setFocused(null)}
  >
    ${shown.map((index) => {
      const item = items[index];
      return html`<div
        key=${item.id}
        data-row=${item.id}
        class="row"
        role="row"
        aria-rowindex=${index + 2}
        style=${{ transform: `translateY(${index * height}px)`, blockSize: `${height}px` }}
      >
        ${render(item, index)}
      </div>`;
    })}
  </div>`;
}
