import { useCallback, useEffect, useRef, useState } from "react";
import { copyText } from "../../../shared/lib/copyText.ts";
import { classes } from "../../../shared/lib/classes.ts";
import { useMedia, usePhone } from "../../../shared/lib/useMedia.ts";
import { useNow } from "../../../shared/lib/useNow.ts";
import { useStore } from "../../../shared/lib/useStore.ts";
import { Button } from "../../../shared/ui/Button.tsx";
import { shownTheme } from "../../../shared/ui/theme.ts";
import { showToast } from "../../../shared/ui/toasts.ts";
import type { ConsoleState } from "./consoleState.ts";
import { consoleWords } from "./consoleWords.ts";
import { FindBar } from "./FindBar.tsx";
import { fitFont, fittingSize, MIN_FONT } from "./fitFont.ts";
import { KeyRow } from "./KeyRow.tsx";
import { keySequence, withCtrl } from "./keySequences.ts";
import { openTerminal, type OpenTerminal } from "./openTerminal.ts";
import { PasteDialog } from "./PasteDialog.tsx";
import { startConsole, type Console } from "./startConsole.ts";
import { takeTerminalKey } from "./takeTerminalKey.ts";

/** While a window is dragged to a size, the host is told of it only when it rests. */
const RESIZE_REST_MS = 150;

export type TerminalViewProps = {
  session: string;
  title: string;
  finding: boolean;
  onFinding(finding: boolean): void;
  onSearchHost(text: string, regex: boolean): void;
  onShowEvents(): void;
  /** The last line that the host saw. */
  lastLine: string | null;
  onState(state: ConsoleState): void;
  onSizes(sizes: {
    pane: { cols: number; rows: number } | null;
    fitting: { cols: number; rows: number };
  }): void;
};

/** A pane, live: seen at its real size, typed into, searched. */
export default function TerminalView(props: TerminalViewProps) {
  const { session, finding, onFinding, onSearchHost } = props;
  const phone = usePhone();
  const touch = useMedia("(pointer: coarse)");
  const theme = useStore(shownTheme);
  const room = useRef<HTMLDivElement>(null);
  const mount = useRef<HTMLDivElement>(null);
  const mirror = useRef<HTMLPreElement>(null);
  const terminal = useRef<OpenTerminal | null>(null);
  const console = useRef<Console | null>(null);
  const pane = useRef<{ cols: number; rows: number } | null>(null);
  const ctrl = useRef(false);
  const [ctrlShown, setCtrlShown] = useState(false);
  const [state, setState] = useState<ConsoleState>({ phase: "connecting" });
  const [drawnOnce, setDrawnOnce] = useState(false);
  const [found, setFound] = useState({ index: -1, count: 0 });
  const [pasting, setPasting] = useState(false);
  const latest = useRef({ ...props, phone });
  useEffect(() => {
    latest.current = { ...props, phone };
  });

  const setCtrl = useCallback((held: boolean) => {
    ctrl.current = held;
    setCtrlShown(held);
  }, []);

  const type = useCallback(
    (data: string) => {
      const sent = ctrl.current ? withCtrl(data) : data;
      if (ctrl.current) setCtrl(false);
      console.current?.type(sent);
    },
    [setCtrl],
  );

  const paste = useCallback((text: string) => {
    const refusal = console.current?.paste(text) ?? null;
    if (refusal !== null) showToast({ kind: "trouble", text: refusal });
  }, []);

  /** Shows the pane as large as it fits, and tells the host what would fit. */
  const layout = useCallback((claim: boolean) => {
    const [open, box] = [terminal.current, room.current];
    if (open === null || box === null || box.clientWidth === 0) return;
    const style = getComputedStyle(box);
    const space = {
      width: box.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight),
      height: box.clientHeight - Number.parseFloat(style.paddingTop) - Number.parseFloat(style.paddingBottom),
    };
    const cell = open.cell();
    const fitting = fittingSize(space, cell);
    // A phone's keyboard takes half the screen for a moment; the pane must not jump each time.
    const keyboard = document.documentElement.hasAttribute("data-keyboard");
    if (!keyboard) console.current?.resize(fitting.cols, fitting.rows, claim);
    latest.current.onSizes({ pane: pane.current, fitting });
    if (pane.current === null) return;
    const onPhone = latest.current.phone;
    const height = onPhone ? Number.POSITIVE_INFINITY : space.height;
    setFittingFont(
      open,
      pane.current,
      { width: space.width, height },
      onPhone ? MIN_FONT.phone : MIN_FONT.desk,
    );
    keepCursorInView(box, open);
  }, []);

  useEffect(() => {
    const element = mount.current;
    const box = room.current;
    if (element === null || box === null) return;
    const open = openTerminal({
      mount: element,
      theme: shownTheme.get(),
      onTyped: type,
      onBytes: (bytes) => console.current?.type(bytes),
      onPasted: paste,
      onKey: (event, self) =>
        takeTerminalKey(event, {
          fullScreen: self.fullScreen(),
          find: () => latest.current.onFinding(true),
          leave: () => self.blur(),
          copy: () => void copyText(self.selection(), "the selection"),
        }),
      onPaneSize(size) {
        const before = pane.current;
        pane.current = size;
        setDrawnOnce(true);
        if (before?.cols !== size.cols || before.rows !== size.rows)
          requestAnimationFrame(() => layout(false));
      },
      onCellSize: () => layout(false),
      onText(text) {
        if (mirror.current !== null) mirror.current.textContent = text;
        keepCursorInView(box, open);
      },
      onFound: setFound,
    });
    terminal.current = open;
    const line = startConsole({
      session,
      screen: open.screen,
      onState(next) {
        setState(next);
        open.setLive(next.phase === "live");
        latest.current.onState(next);
      },
      onRefused: (reason) => showToast({ kind: "trouble", text: reason }),
    });
    console.current = line;
    latest.current.onState(line.state());

    let rest: ReturnType<typeof setTimeout> | undefined;
    const sizes = new ResizeObserver(() => {
      clearTimeout(rest);
      rest = setTimeout(() => layout(false), RESIZE_REST_MS);
    });
    sizes.observe(box);
    const claim = (): void => layout(true);
    element.addEventListener("focusin", claim);
    addEventListener("focus", claim);
    layout(false);
    // A keyboard pops up on a phone only when the person asks for it.
    if (!matchMedia("(pointer: coarse)").matches) open.focus();
    return () => {
      clearTimeout(rest);
      sizes.disconnect();
      element.removeEventListener("focusin", claim);
      removeEventListener("focus", claim);
      line.stop();
      open.dispose();
      terminal.current = null;
      console.current = null;
      pane.current = null;
    };
  }, [session, type, paste, layout]);

  useEffect(() => terminal.current?.setTheme(theme), [theme]);

  const live = state.phase === "live";

  async function pasteFromClipboard(): Promise<void> {
    try {
      paste(await navigator.clipboard.readText());
    } catch {
      setPasting(true); // the browser does not let pages read the clipboard; the person can paste into a field
    }
  }

  return (
    <section
      aria-label={`Terminal of ${props.title}`}
      data-testid="terminal"
      data-phase={state.phase}
      className="flex min-h-0 grow flex-col"
    >
      <div className="relative flex min-h-0 grow flex-col bg-raised">
        <div
          ref={room}
          className="min-h-0 grow overflow-auto overscroll-contain bg-term p-2 phone:px-1"
          data-testid="terminal-room"
          // What the pane leaves free of the room belongs to it for a click.
          onClick={(event) => event.target === event.currentTarget && terminal.current?.focus()}
        >
          <div
            ref={mount}
            className={classes(
              "w-max font-mono transition-opacity duration-150",
              shade(state.phase, drawnOnce),
            )}
          />
        </div>
        <pre
          ref={mirror}
          data-testid="terminal-screen"
          aria-label="Text of the terminal's screen"
          className="sr-only"
        />
        {finding && (
          <FindBar
            found={found}
            onFind={(text, how) => terminal.current?.find(text, how)}
            onSearchHost={onSearchHost}
            onClose={() => {
              terminal.current?.stopFinding();
              onFinding(false);
              terminal.current?.focus();
            }}
          />
        )}
        <StateSign
          state={state}
          drawn={drawnOnce}
          lastLine={props.lastLine}
          retry={() => console.current?.retryNow()}
          onShowEvents={props.onShowEvents}
        />
      </div>
      {(phone || touch) && (
        <KeyRow
          live={live}
          ctrl={ctrlShown}
          onCtrl={() => setCtrl(!ctrl.current)}
          onKey={(key) => {
            const held = { application: terminal.current?.applicationCursor() ?? false, ctrl: ctrl.current };
            if (ctrl.current) setCtrl(false);
            console.current?.type(keySequence(key, held));
          }}
          onPaste={() => void pasteFromClipboard()}
          onLine={(text) => console.current?.type(`${text}\r`)}
        />
      )}
      <PasteDialog open={pasting} onClose={() => setPasting(false)} onPaste={paste} />
    </section>
  );
}

/** What is not live is dimmed, except what has ended: it stays to be read. */
function shade(phase: ConsoleState["phase"], drawn: boolean): string {
  if (phase === "live") return "";
  if (!drawn) return "opacity-0";
  return phase === "ended" ? "opacity-80" : "opacity-45";
}

type SignProps = {
  state: ConsoleState;
  drawn: boolean;
  lastLine: string | null;
  retry(): void;
  onShowEvents(): void;
};

/** Says over the screen what keeps it from being live; below it, when it has ended and can still be read. */
function StateSign({ state, drawn, lastLine, retry, onShowEvents }: SignProps) {
  const now = useNow("second");
  const words = consoleWords(state, now);
  if (words === null) return null;
  const below = state.phase === "ended" && drawn;
  return (
    <div
      role="status"
      data-testid="terminal-state"
      className={classes(
        "absolute inset-x-0 flex px-4",
        below ? "bottom-0" : "top-[26%] justify-center",
        state.phase === "connecting" && "animate-[appear_120ms_ease-out_400ms_backwards]",
      )}
    >
      <div
        className={classes(
          "flex min-w-0 flex-col gap-1 border border-line bg-surface px-4 py-3",
          below ? "-mx-4 grow border-x-0 border-b-0" : "max-w-lg rounded-base",
        )}
      >
        <p className="font-medium">{words.title}</p>
        <p className="text-muted">{words.detail}</p>
        {!drawn && lastLine !== null && state.phase !== "connecting" && (
          <p
            className="mt-1 truncate rounded-small bg-term px-2 py-1 font-mono text-[12px] text-term-text"
            title={lastLine}
          >
            {lastLine}
          </p>
        )}
        {state.phase === "lost" && (
          <Button className="mt-1 self-start" onClick={retry}>
            Try now
          </Button>
        )}
        {state.phase === "ended" && !drawn && (
          <Button className="mt-1 self-start" onClick={onShowEvents}>
            What happened in it
          </Button>
        )}
      </div>
    </div>
  );
}

type Size = { cols: number; rows: number };

/** Cells are whole pixels of the screen, so their size follows the font's only roughly: what still does not fit gets a smaller font. */
function setFittingFont(
  terminal: OpenTerminal,
  pane: Size,
  room: { width: number; height: number },
  min: number,
): void {
  let size = fitFont(pane, room, terminal.cell(), min);
  terminal.setFont(size);
  for (; size > min; size -= 0.5) {
    terminal.setFont(size);
    const cell = terminal.cell();
    if (cell.width * size * pane.cols <= room.width && cell.height * size * pane.rows <= room.height) return;
  }
  terminal.setFont(min);
}

/** A pane that is higher than its room is scrolled so that the cursor is seen. */
function keepCursorInView(box: HTMLElement, terminal: OpenTerminal): void {
  if (box.scrollHeight <= box.clientHeight) return;
  const { top, bottom } = terminal.cursorTop();
  const padding = 8;
  if (bottom + padding > box.scrollTop + box.clientHeight)
    box.scrollTop = bottom + padding * 2 - box.clientHeight;
  else if (top < box.scrollTop) box.scrollTop = Math.max(0, top - padding);
}
