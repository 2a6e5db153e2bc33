import "@xterm/xterm/css/xterm.css";
import { SearchAddon } from "@xterm/addon-search";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";
import { addLinks } from "./addLinks.ts";
import { BASE_FONT, type CellRatio } from "./fitFont.ts";
import { muteReplies } from "./muteReplies.ts";
import type { Screen } from "./startConsole.ts";
import { matchColours, terminalTheme } from "./terminalTheme.ts";
import { startTouchScroll } from "./touchScroll.ts";

/** Lines above the screen that this page keeps; the host keeps more for searches. */
const SCROLLBACK = 5_000;
/** The text of the screen is told at most this often. */
const MIRROR_EVERY_MS = 100;

export type TerminalOptions = {
  mount: HTMLElement;
  theme: "dark" | "light";
  /** Typed characters and keys. */
  onTyped(data: string): void;
  /** Bytes that are no text (old mouse reports). */
  onBytes(bytes: Uint8Array): void;
  onPasted(text: string): void;
  /** A key that the page wants for itself; true when it took it. */
  onKey(event: KeyboardEvent, terminal: OpenTerminal): boolean;
  /** The pane has another size now. */
  onPaneSize(size: { cols: number; rows: number }): void;
  /** Cells have another size than before, though the font has not. */
  onCellSize(): void;
  /** The text that is on the screen, at most ten times a second. */
  onText(text: string): void;
  onFound(found: { index: number; count: number }): void;
};

export type FindOptions = { regex: boolean; caseSensitive: boolean; back: boolean };

export type OpenTerminal = {
  screen: Screen;
  focus(): void;
  blur(): void;
  /** A full-screen program (an editor, a pager) has the screen. */
  fullScreen(): boolean;
  applicationCursor(): boolean;
  selection(): string;
  setTheme(theme: "dark" | "light"): void;
  setFont(size: number): void;
  setLive(live: boolean): void;
  /** Width and height of a cell, per pixel of font size. */
  cell(): CellRatio;
  /** Where the cursor is, in pixels from the top of the screen. */
  cursorTop(): { top: number; bottom: number };
  find(text: string, options: FindOptions): void;
  stopFinding(): void;
  dispose(): void;
};

/** Opens a terminal in `mount`. It draws and listens; what it shows and where typing goes is the caller's. */
export function openTerminal(options: TerminalOptions): OpenTerminal {
  const { mount } = options;
  const terminal = new Terminal({
    allowProposedApi: true,
    fontFamily: getComputedStyle(mount).fontFamily,
    fontSize: BASE_FONT,
    lineHeight: 1.2,
    scrollback: SCROLLBACK,
    theme: terminalTheme(options.theme),
    // Programs choose colours for a ground they do not know; what they write must be readable on both.
    minimumContrastRatio: 4.5,
    cursorInactiveStyle: "outline",
    macOptionIsMeta: true,
    disableStdin: true,
  });
  muteReplies(terminal.parser);
  addLinks(terminal);
  const search = new SearchAddon();
  terminal.loadAddon(search);
  terminal.open(mount);
  loadWebgl(terminal, mount, options.onCellSize);
  let theme = options.theme;

  terminal.onData(options.onTyped);
  terminal.onBinary((data) => options.onBytes(Uint8Array.from(data, (char) => char.charCodeAt(0))));
  search.onDidChangeResults(({ resultIndex, resultCount }) =>
    options.onFound({ index: resultIndex, count: resultCount }),
  );

  // Before xterm's own listener, which would type the text instead of pasting it.
  const onPaste = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text !== "") options.onPasted(text);
  };
  mount.addEventListener("paste", onPaste, { capture: true });

  let mirror: ReturnType<typeof setTimeout> | undefined;
  let told = 0;
  /** At once when it was quiet, and otherwise as soon as it may be told again. */
  function tellText(): void {
    const wait = told + MIRROR_EVERY_MS - performance.now();
    if (mirror !== undefined) return;
    if (wait <= 0) {
      told = performance.now();
      options.onText(screenText(terminal));
      return;
    }
    mirror = setTimeout(() => {
      mirror = undefined;
      told = performance.now();
      options.onText(screenText(terminal));
    }, wait);
  }
  terminal.onWriteParsed(tellText);
  terminal.onScroll(tellText);
  terminal.onResize(tellText);

  const stopTouch = startTouchScroll(mount, {
    lineHeight: () => mount.clientHeight / terminal.rows,
    scroll: (lines) => terminal.scrollLines(lines),
    tap: () => terminal.focus(),
  });

  const handle: OpenTerminal = {
    screen: {
      snapshot(head, bytes, drawn) {
        // In the stream and not by reset(): what was written before may not be parsed yet, and must not come after it.
        if (head.fresh) terminal.write("\x1bc");
        if (head.cols !== terminal.cols || head.rows !== terminal.rows) terminal.resize(head.cols, head.rows);
        options.onPaneSize({ cols: head.cols, rows: head.rows });
        terminal.write(bytes, () => {
          if (head.fresh) terminal.scrollToBottom();
          drawn();
        });
      },
      output: (bytes, drawn) => terminal.write(bytes, drawn),
    },
    focus: () => terminal.focus(),
    blur: () => terminal.blur(),
    fullScreen: () => terminal.buffer.active.type === "alternate",
    applicationCursor: () => terminal.modes.applicationCursorKeysMode,
    selection: () => terminal.getSelection(),
    setTheme(next) {
      theme = next;
      terminal.options.theme = terminalTheme(next);
    },
    setFont(size) {
      if (terminal.options.fontSize !== size) terminal.options.fontSize = size;
    },
    setLive(live) {
      terminal.options.disableStdin = !live;
    },
    cell() {
      const screen = mount.querySelector(".xterm-screen");
      const size = terminal.options.fontSize ?? BASE_FONT;
      if (screen === null || screen.clientWidth === 0) return { width: 0.602, height: 1.4 };
      return {
        width: screen.clientWidth / terminal.cols / size,
        height: screen.clientHeight / terminal.rows / size,
      };
    },
    cursorTop() {
      const line = mount.clientHeight / terminal.rows;
      const top = terminal.buffer.active.cursorY * line;
      return { top, bottom: top + line };
    },
    find(text, { regex, caseSensitive, back }) {
      if (text === "") {
        search.clearDecorations();
        options.onFound({ index: -1, count: 0 });
        return;
      }
      const how = { regex: regex && isRegex(text), caseSensitive, decorations: matchColours(theme) };
      if (back) search.findPrevious(text, how);
      else search.findNext(text, how);
    },
    stopFinding: () => search.clearDecorations(),
    dispose() {
      clearTimeout(mirror);
      stopTouch();
      mount.removeEventListener("paste", onPaste, { capture: true });
      // xterm has drawing planned for the next moments, and fails in it when it is gone by then.
      setTimeout(() => terminal.dispose(), DISPOSE_AFTER_MS);
    },
  };
  terminal.attachCustomKeyEventHandler((event) => event.type !== "keydown" || !options.onKey(event, handle));
  return handle;
}

/** By then xterm has done what it had planned. */
const DISPOSE_AFTER_MS = 250;
/** How long the canvas may need to follow a change of size. */
const CANVAS_SETTLES_MS = 300;

/**
 * WebGL where there is one; without, when its context is lost, and where the browser counts its pixels wrongly (an emulated screen
 * does), xterm draws in the DOM.
 */
function loadWebgl(terminal: Terminal, mount: HTMLElement, onGone: () => void): void {
  const webgl = new WebglAddon();
  try {
    terminal.loadAddon(webgl);
  } catch {
    return; // no WebGL 2 on this device
  }
  let settled: ReturnType<typeof setTimeout> | undefined;
  const giveUp = (): void => {
    clearTimeout(settled);
    watch.dispose();
    webgl.dispose();
    onGone();
  };
  const watch = terminal.onRender(() => {
    settled ??= setTimeout(() => {
      settled = undefined;
      const canvas = mount.querySelector<HTMLCanvasElement>(".xterm-screen > canvas:not(.xterm-link-layer)");
      if (canvas === null || canvas.clientWidth === 0) return;
      if (Math.abs(canvas.width - canvas.clientWidth * window.devicePixelRatio) > 2) giveUp();
    }, CANVAS_SETTLES_MS);
  });
  webgl.onContextLoss(giveUp);
}

function isRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false; // half typed
  }
}

function screenText(terminal: Terminal): string {
  const { active } = terminal.buffer;
  const lines: string[] = [];
  for (let row = 0; row < terminal.rows; row++)
    lines.push(active.getLine(active.viewportY + row)?.translateToString(true) ?? "");
  return lines.join("\n");
}
