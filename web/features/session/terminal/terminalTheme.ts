import type { ITheme } from "@xterm/xterm";

type Palette = Omit<ITheme, "background" | "foreground">;

const DARK: Palette = {
  cursor: "#e8eaed",
  cursorAccent: "#0b0d0f",
  selectionBackground: "#2f4a70",
  black: "#1c2025",
  red: "#f4717b",
  green: "#63c58c",
  yellow: "#e5b454",
  blue: "#6aa6ff",
  magenta: "#c493f0",
  cyan: "#5cc4cf",
  white: "#c6ccd3",
  brightBlack: "#737d89",
  brightRed: "#ff8e96",
  brightGreen: "#83dba6",
  brightYellow: "#f4ca76",
  brightBlue: "#92bfff",
  brightMagenta: "#d8b2fa",
  brightCyan: "#82dde6",
  brightWhite: "#f3f5f7",
};

const LIGHT: Palette = {
  cursor: "#191b1e",
  cursorAccent: "#ffffff",
  selectionBackground: "#c3d7f7",
  black: "#191b1e",
  red: "#b52531",
  green: "#1b7443",
  yellow: "#8a5300",
  blue: "#1d57c4",
  magenta: "#7d3aab",
  cyan: "#0e6f7b",
  white: "#6b737c",
  brightBlack: "#5a626c",
  brightRed: "#cf3340",
  brightGreen: "#1f8a50",
  brightYellow: "#9e6200",
  brightBlue: "#2c6be0",
  brightMagenta: "#9350c2",
  brightCyan: "#14828f",
  brightWhite: "#3a4047",
};

/** The terminal's colours; ground and text are those of the page. */
export function terminalTheme(theme: "dark" | "light"): ITheme {
  const style = getComputedStyle(document.documentElement);
  return {
    ...(theme === "dark" ? DARK : LIGHT),
    background: style.getPropertyValue("--term-bg").trim(),
    foreground: style.getPropertyValue("--term-fg").trim(),
    scrollbarSliderBackground: "#80868e55",
    scrollbarSliderHoverBackground: "#80868e88",
    scrollbarSliderActiveBackground: "#80868eaa",
  };
}

/** How matches of a search are marked. */
export function matchColours(theme: "dark" | "light") {
  return theme === "dark"
    ? {
        matchBackground: "#4a3a14",
        activeMatchBackground: "#f0b03c",
        matchOverviewRuler: "#f0b03c",
        activeMatchColorOverviewRuler: "#f0b03c",
      }
    : {
        matchBackground: "#f5e1b3",
        activeMatchBackground: "#e8a020",
        matchOverviewRuler: "#b87200",
        activeMatchColorOverviewRuler: "#b87200",
      };
}
