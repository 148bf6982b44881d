// Ask the recording: the answer comes word by word, with the passages that it rests on. Hidden where the site cannot.

import { html, signal, useEffect, useRef, useState } from "../html.js";
import { ApiError, ask, get } from "../api.js";
import { clock, errorText, failureText, t } from "../i18n.js";
import { draft } from "../model/drafts.js";
import { endedMeanwhile } from "../model/session.js";
import { Button } from "../components/button.js";
import { useForm } from "../components/form.js";
import { Notice } from "../components/notice.js";

const PATIENCE_MS = [1000, 2000, 5000, 10000];

/** undefined: not known yet; whether this site answers questions. */
export const answersQuestions = signal(undefined);

/** Find out whether the route is there. Returns the questions that were asked before. */
async function earlier(address) {
  try {
    const { items } = await get(`${address}/questions?limit=20`);
    answersQuestions.value = true;
    return items;
  } catch (error) {
    if (error.status === 404 || error.status === 405) answersQuestions.value = false;
    return [];
  }
}

export const findOut = (recording) => earlier(recording.address);

/** Read an answer's events until they end; `tell` gets the question whenever there is news of it. Returns it as it is then. */
async function follow(address, tell, signal_) {
  const response = await ask("GET", `${address}/events`, { whole: true, signal: signal_, headers: { Accept: "text/event-stream" } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let question = null;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    rest += value;
    const events = rest.split(/\n\n/);
    rest = events.pop();
    for (const event of events) {
      const data = event.split("\n").filter((part) => part.startsWith("data:")).map((part) => part.slice(5)).join("\n");
      if (!data) continue;
      const message = JSON.parse(data);
      if (message.type === "question.changed") question = message.question;
      else if (message.type === "answer.text" && question) {
        question = { ...question, written: question.written.slice(0, message.from) + message.text };
      }
      if (question) tell(question);
    }
  }
  return get(address, { signal: signal_ });
}

/** Follow a question until it has ended, over instances that stop and lines that are lost. Throws ApiError where it cannot be. */
async function followToTheEnd(address, tell, signal_) {
  let failures = 0;
  const news = (question) => {
    failures = 0;
    tell(question);
  };
  while (!signal_.aborted) {
    try {
      const question = await follow(address, news, signal_);
      tell(question);
      if (question.answer || question.error) return;
    } catch (error) {
      // What is no answer of the API is a line that was lost.
      if (error instanceof ApiError && !error.isPassing) throw error;
    }
    const pause = PATIENCE_MS[Math.min(failures, PATIENCE_MS.length - 1)];
    failures += 1;
    // While the login is asked for, nothing comes of it.
    do await new Promise((done) => setTimeout(done, pause));
    while (endedMeanwhile.peek() && !signal_.aborted);
  }
}

export function Questions({ reading }) {
  const { address } = reading.recording;
  const [asked, setAsked] = useState([]);
  const [error, setError] = useState(null);
  const form = useForm({});
  const leaving = useRef(new AbortController());
  const typed = draft(`question.${reading.recording.id}`, "");
  useEffect(() => {
    readEarlier();
    return () => leaving.current.abort();
  }, []);
  const put = (question) => setAsked((all) => (all.some((one) => one.id === question.id) ? all.map((one) => (one.id === question.id ? question : one)) : [question, ...all]));

  /** Show a question, and what is written of its answer, until that has ended. */
  async function watch(where) {
    try {
      await followToTheEnd(where, put, leaving.current.signal);
    } catch (caught) {
      setError(caught);
    }
  }

  async function readEarlier() {
    const items = await earlier(address);
    setAsked((since) => [...since.filter(({ id }) => items.every((item) => item.id !== id)), ...items]);
    // One after the other, the oldest first, as they are answered: a browser keeps few connections open.
    const open = items.filter((item) => !item.answer && !item.error).reverse();
    for (const { id } of open) await watch(`/api/questions/${id}`);
  }

  const send = form.submit(async () => {
    const text = typed.value.trim();
    if (text.length < 2) return;
    setError(null);
    const response = await ask("POST", `${address}/questions`, { body: { question: text }, whole: true });
    put(await response.json());
    typed.value = "";
    // The next one can be asked while this one is being answered.
    watch(response.headers.get("Location"));
  });
  const fault = form.error ?? error;

  return html`<div class="questions">
    <form onSubmit=${send}>
      <label for="question">${t("reader.ask")}</label>
      <div class="ask-line">
        <input id="question" value=${typed.value} onInput=${(event) => (typed.value = event.target.value)} maxlength="2000" autocomplete="off" />
        <${Button} kind="main" type="submit" disabled=${form.busy}>${t("reader.askSend")}<//>
      </div>
    </form>
    ${fault && html`<${Notice} kind="bad">${errorText(fault)}<//>`}
    <div aria-live="polite">
      ${asked.map((question) => html`<${Asked} key=${question.id} question=${question} reading=${reading} />`)}
    </div>
  </div>`;
}

function Asked({ question, reading }) {
  const { answer } = question;
  return html`<article class="asked">
    <h3>${question.question}</h3>
    ${answer ? html`<p>${answer.text}</p>` : question.error ? html`<p>${failureText(question.error)}</p>` : html`<p class="soft">${question.written || t("reader.thinking")}</p>`}
    ${answer?.sources?.length > 0 &&
    html`<ul class="findings">
      ${answer.sources.map((source, index) => html`<li key=${index}><q>${source.quote}</q> <button class="passage" onClick=${() => reading.goTo(source.start)} aria-label=${t("reader.toPassage", { time: clock(source.start) })}>${clock(source.start)}</button></li>`)}
    </ul>`}
  </article>`;
}
