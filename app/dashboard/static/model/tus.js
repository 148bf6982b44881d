// tus-js-client, loaded when the first upload begins. It is a script and no module.

let loading = null;

export function loadTus() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${document.querySelector('meta[name="assets"]').content}/modules/tus.js`;
    script.onload = () => resolve(window.tus);
    script.onerror = () => {
      script.remove();
      loading = null;
      reject(new Error("tus"));
    };
    document.head.append(script);
  });
  return loading;
}
