// Style sheets of pages: one is in force at a time, so that no page's rules reach another page.

const folder = `${document.querySelector('meta[name="assets"]').content}/styles`;
const sheets = new Map();

/** Load a page's sheet, if it is not there yet. The promise is kept once its rules are known. */
export function loadStyle(name) {
  if (!sheets.has(name)) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = `${folder}/${name}.css`;
    const ready = new Promise((done, fail) => {
      link.onload = done;
      link.onerror = () => {
        sheets.delete(name);
        link.remove();
        fail(new Error(`no style sheet ${name}`));
      };
    });
    sheets.set(name, { link, ready });
    document.head.append(link);
  }
  return sheets.get(name).ready;
}

/** Put a loaded sheet in force, and all others out of it. */
export function showStyle(name) {
  for (const [other, { link }] of sheets) link.disabled = other !== name;
}
