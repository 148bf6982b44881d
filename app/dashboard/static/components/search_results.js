// Where something was said: recordings, in each the places, each place a link to its second.

import { html, useEffect, useRef } from "../html.js";
import { clock, errorText, t, when } from "../i18n.js";
import { findings, moreFindings, search } from "../model/search.js";
import { Button } from "./button.js";
import { Notice } from "./notice.js";
import { calledName } from "../reader/voices.js";
import { titleOf } from "./recording_row.js";

export function SearchResults({ filters }) {
  const { items, cursor, known, loading, error, q } = findings.value;
  const end = useRef(null);
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => entry.isIntersecting && moreFindings(filters), { rootMargin: "400px" });
    if (end.current) seen.observe(end.current);
    return () => seen.disconnect();
  }, [filters, cursor]);
  const nothing = known && !items.length && !loading && q === filters.q;
  return html`<section class="findings" aria-label=${t("home.findings")} aria-busy=${loading ? "true" : undefined}>
    <p class="visually-hidden" role="status">${known && !loading ? t(cursor ? "home.foundMore" : "home.found", { count: items.length }) : ""}</p>
    ${error && html`<${Notice} kind="bad">
      ${errorText(error)} <${Button} kind="quiet" onPress=${() => search(filters)}>${t("action.retry")}<//>
    <//>`}
    ${nothing && html`<div class="nothing"><h2>${t("home.nothingFound", { q })}</h2><p>${t("home.nothingFoundHint")}</p></div>`}
    ${items.map((finding) => html`<${Finding} key=${finding.transcription.id} ...${finding} />`)}
    ${loading && html`<p class="more">${t("app.loading")}</p>`}
    <div ref=${end}></div>
  </section>`;
}

function Finding({ transcription, hits, segments }) {
  const { id, created_at: created, duration_seconds: seconds } = transcription;
  return html`<article class="finding">
    <h2><a href=${`/recordings/${id}`}>${titleOf(transcription)}</a></h2>
    <p class="below">
      <span>${when(created)}</span>${seconds !== null && html`<span>${clock(seconds)}</span>`}
      <span>${t("home.hits", { count: hits })}</span>
    </p>
    <ol class="places">
      ${segments.map(
        ({ position, start, speaker_name: name, speaker_number: number, snippet }) => html`<li key=${position}>
          <a class="place" href=${`/recordings/${id}?at=${start}`}>
            <span class="place-at">${clock(start)}</span>
            <span class="place-text">
              ${(name || number) && html`<b class="place-who">${calledName({ name, number })}</b> `}
              ${snippet.map((piece) => (piece.hit ? html`<mark>${piece.text}</mark>` : piece.text))}
            </span>
          </a>
        </li>`,
      )}
    </ol>
  </article>`;
}
