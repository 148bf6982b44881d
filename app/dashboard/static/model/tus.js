// tus-js-client, loaded when the first upload begins. It is a script and no module.

import { ApiError } from "../api.js";

let loading = null;

/** Throws ApiError where it is not to be had on this page any more. */
export function loadTus() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${document.querySelector('meta[name="assets"]').content}/modules/tus.js`;
    script.onload = () => resolve(window.tus);
    script.onerror = async () => {
      script.remove();
      loading = null;
      reject((await isGone(script.src)) ? new ApiError(404, { code: "page-outdated" }) : new Error("tus"));
    };
    document.head.append(script);
  });
  return loading;
}

// The site has another release by now: its files have other addresses. That a script could not be loaded is all that a browser says.
async function isGone(address) {
  const answer = await fetch(address, { cache: "no-store" }).catch(() => null);
  return answer?.status === 404;
}
