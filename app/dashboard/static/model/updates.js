// Changes as they happen, over the WebSocket, resumed by cursor: whoever listens misses nothing while a connection lasts
// or is broken off for a while.

import { effect, signal } from "@preact/signals";
import { get } from "../api.js";
import { endedMeanwhile, me, restoreSession, sessionEnded } from "./session.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;

/** "open", "waiting" (broken off; it is tried again) or "closed" (also for as long as a login is waited for). */
export const connection = signal("closed");

/**
 * Listen to changes, of one transcription where it is given. `onMessage` gets each message as docs/api.md tells them, and
 * when the connection that it came by was begun (performance.now()). Returns what ends it.
 */
export function listen(onMessage, { transcription } = {}) {
  let cursor = null;
  let pause = FIRST_PAUSE_MS;
  let socket = null;
  let timer = null;
  let ended = false;
  let loginEnded = false;

  function open() {
    clearTimeout(timer);
    let wasOpen = false;
    const tried = performance.now();
    const address = new URL("/api/ws/updates", window.location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    if (transcription) address.searchParams.set("transcription", transcription);
    if (cursor !== null) address.searchParams.set("after", cursor);
    socket = new WebSocket(address);
    socket.onopen = () => {
      wasOpen = true;
      connection.value = "open";
      pause = FIRST_PAUSE_MS;
      // Somebody has logged in on another page: it need not be who was.
      if (loginEnded) restoreSession();
      loginEnded = false;
    };
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.cursor !== undefined && message.cursor !== null) cursor = String(message.cursor);
      onMessage(message, tried);
    };
    socket.onclose = (event) => {
      if (ended) return;
      if (event.code === 4403) {
        connection.value = "closed";
        return;
      }
      if (event.code === 4401) {
        connection.value = "closed";
        loginEnded = true;
        sessionEnded();
        pause = LONGEST_PAUSE_MS;
        later();
        return;
      }
      connection.value = "waiting";
      // Why it was refused a browser does not say; where nobody is logged in any more, this does.
      if (!wasOpen) get("/api/auth/me").catch(() => {});
      later();
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    };
  }

  // While the login is asked for, nothing comes of it. Who puts that off may log in on another page.
  function later() {
    timer = setTimeout(() => (endedMeanwhile.peek() ? later() : open()), pause);
  }

  // A browser that is back on the line need not wait, nor somebody who has logged in again.
  const again = () => !ended && socket.readyState === WebSocket.CLOSED && open();
  window.addEventListener("online", again);
  open();
  const watching = effect(() => void (me.value && again()));
  return () => {
    ended = true;
    watching();
    window.removeEventListener("online", again);
    clearTimeout(timer);
    socket?.close();
    connection.value = "closed";
  };
}
