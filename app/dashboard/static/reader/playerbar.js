// The player at the head of the page: it stays there while the text goes by. `silent`: that there is no sound, is meant so.

import { html, useComputed, useEffect, useRef } from "../html.js";
import { clock, number, t } from "../i18n.js";
import { FindBar } from "./findbar.js";
import { Toggle } from "./toggle.js";
import { Waveform } from "./waveform.js";
import { RATES } from "./player.js";

const shape = (path) => html`<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path fill="currentColor" d=${path} /></svg>`;
const PLAY = shape("M7 4.5v15l13-7.5z");
const PAUSE = shape("M6 4.5h4v15H6zM14 4.5h4v15h-4z");

export function PlayerBar({ reading, address, silent = false, children }) {
  const { recording, player, view } = reading;
  const element = useRef(null);
  // What is beside the text begins below the player, however many lines that has.
  useEffect(() => {
    // Told of once more as the page goes: then there is no element any more.
    const bar = element.current;
    const measuring = new ResizeObserver(() => {
      document.documentElement.style.setProperty("--reader-side-top", `${bar.offsetHeight + 16}px`);
    });
    measuring.observe(bar);
    return () => measuring.disconnect();
  }, []);
  return html`<section class="player" ref=${element} aria-label=${t("reader.player")}>
    ${!player.missing.value && html`<${Waveform} recording=${recording} player=${player} address=${address} />`}
    ${!player.missing.value && html`<${Seek} reading=${reading} />`}
    <div class="player-line">
      ${player.missing.value
        ? !silent && html`<p class="soft">${t(player.away.value ? "reader.soundAway" : "reader.noSound")}</p>`
        : html`
            <button class="round" aria-label=${t(player.playing.value ? "reader.pause" : "reader.play")} title=${t("reader.playHint")} onClick=${() => player.toggle()}>
              ${player.playing.value ? PAUSE : PLAY}
            </button>
            <button class="button quiet small" onClick=${() => player.by(-3)} title="J">−3 s<span class="visually-hidden">, ${t("reader.does.back")}</span></button>
            <${Now} reading=${reading} />
            <label class="rate"><span class="visually-hidden">${t("reader.rate")}</span>
              <select value=${player.rate.value} onChange=${(event) => player.setRate(Number(event.target.value))}>
                ${RATES.map((rate) => html`<option key=${rate} value=${rate}>${number(rate)}×</option>`)}
              </select>
            </label>
            <${Toggle} on=${player.skipping.value} label=${t("reader.skipSilence")} onChange=${player.setSkipping} />
            <${Toggle} on=${view.following.value} label=${t("reader.follow")} onChange=${reading.setFollowing} />
          `}
      ${children}
    </div>
    ${reading.finding.open.value && html`<${FindBar} reading=${reading} />`}
  </section>`;
}

function Now({ reading }) {
  const { player } = reading;
  const shown = useComputed(() => clock(player.time.value));
  return html`<span class="now-time"><span>${shown}</span> / ${clock(player.duration.value)}</span>`;
}

function Seek({ reading }) {
  const { player, view, recording } = reading;
  const second = useComputed(() => Math.floor(player.time.value));
  const said = useComputed(() => {
    const segment = recording.segments.value[view.at.value.index];
    return t("reader.position", { time: clock(player.time.value), length: clock(player.duration.value), who: segment ? reading.speakerName(segment.speaker) : "" });
  });
  return html`<input
    class="seek"
    type="range"
    min="0"
    max=${player.duration.value}
    step="1"
    value=${second.value}
    aria-label=${t("reader.seek")}
    aria-valuetext=${second.value >= 0 ? said.peek() : ""}
    onInput=${(event) => reading.playFrom(Number(event.target.value), { onlySeek: true })}
  />`;
}
