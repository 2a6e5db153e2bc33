import { createStore } from "../lib/createStore.ts";
import { remembered } from "../lib/remembered.ts";

export type Theme = "system" | "dark" | "light";

/** What the person chose. */
export const theme = remembered<Theme>(
  "theme",
  (text) => (text === "dark" || text === "light" ? text : "system"),
  (value) => value,
);

const light = matchMedia("(prefers-color-scheme: light)");

/** What is shown now. */
export const shownTheme = createStore<"dark" | "light">(current());

function current(): "dark" | "light" {
  const chosen = theme.get();
  if (chosen !== "system") return chosen;
  return light.matches ? "light" : "dark";
}

function apply(): void {
  const chosen = theme.get();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  shownTheme.set(current());
  // The browser's own bar takes the colour of the page.
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--bg").trim();
  document
    .querySelectorAll('meta[name="theme-color"]')
    .forEach((meta) => meta.setAttribute("content", colour));
}

/** Keeps the page in the chosen theme. */
export function startTheme(): void {
  theme.subscribe(apply);
  light.addEventListener("change", apply);
  apply();
}
