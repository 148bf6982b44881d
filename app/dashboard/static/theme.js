// Light or dark: as the system has it, or as was chosen here.

import { effect, signal } from "@preact/signals";

const KEPT = "vocalyx.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(dark.matches);
dark.addEventListener("change", (event) => (systemIsDark.value = event.matches));

export const theme = signal(localStorage.getItem(KEPT) ?? "auto");

export function chooseTheme(chosen) {
  localStorage.setItem(KEPT, chosen);
  theme.value = chosen;
}

effect(() => {
  const isDark = theme.value === "dark" || (theme.value === "auto" && systemIsDark.value);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
});
