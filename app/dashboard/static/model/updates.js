// Changes as they happen, over the WebSocket, resumed by cursor: whoever listens misses nothing while a connection lasts
// or is broken off for a while.

import { signal } from "@preact/signals";
import { get } from "../api.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;

/** "open", "waiting" (broken off; it is tried again) or "closed". */
export const connection = signal("closed");

/**
 * Listen to changes, of one transcription where it is given. `onMessage` gets each message as docs/api.md tells them.
 * Returns what ends it.
 */
export function listen(onMessage, { transcription } = {}) {
  let cursor = null;
  let pause = FIRST_PAUSE_MS;
  let socket = null;
  let timer = null;
  let ended = false;

  function open() {
    clearTimeout(timer);
    let wasOpen = false;
    const address = new URL("/api/ws/updates", window.location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    if (transcription) address.searchParams.set("transcription", transcription);
    if (cursor !== null) address.searchParams.set("after", cursor);
    socket = new WebSocket(address);
    socket.onopen = () => {
      wasOpen = true;
      connection.value = "open";
      pause = FIRST_PAUSE_MS;
    };
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.cursor !== undefined && message.cursor !== null) cursor = String(message.cursor);
      onMessage(message);
    };
    socket.onclose = (event) => {
      if (ended) return;
      if (event.code === 4401 || event.code === 4403) {
        connection.value = "closed";
        return;
      }
      connection.value = "waiting";
      // Why it was refused a browser does not say; where nobody is logged in any more, this does.
      if (!wasOpen) get("/api/auth/me").catch(() => {});
      timer = setTimeout(open, pause);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    };
  }

  // A browser that is back on the line need not wait.
  const online = () => !ended && socket.readyState === WebSocket.CLOSED && open();
  window.addEventListener("online", online);
  open();
  return () => {
    ended = true;
    window.removeEventListener("online", online);
    clearTimeout(timer);
    socket?.close();
    connection.value = "closed";
  };
}
