import {
  ArrowDown,
  ArrowLeft,
  ArrowRight,
  ArrowUp,
  ClipboardPaste,
  CornerDownLeft,
  TextCursorInput,
} from "lucide-react";
import { useState, type ReactNode } from "react";
import { classes } from "../../../shared/lib/classes.ts";
import type { RowKey } from "./keySequences.ts";

type KeyRowProps = {
  live: boolean;
  ctrl: boolean;
  onCtrl(): void;
  onKey(key: RowKey): void;
  onPaste(): void;
  /** A line from the text field, Enter included. */
  onLine(text: string): void;
};

/** The keys that a phone's keyboard lacks, above it; and a plain text field for keyboards that complete and correct. */
export function KeyRow({ live, ctrl, onCtrl, onKey, onPaste, onLine }: KeyRowProps) {
  const [field, setField] = useState(false);
  const key = (name: RowKey, label: string, face: ReactNode): ReactNode => (
    <RowButton key={name} label={label} disabled={!live} onPress={() => onKey(name)}>
      {face}
    </RowButton>
  );
  return (
    <div
      className="shrink-0 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] in-data-keyboard:pb-0"
      data-testid="key-row"
    >
      {field && <LineField live={live} onLine={onLine} />}
      <div role="toolbar" aria-label="Keys" className="flex overflow-x-auto px-1 py-1 [scrollbar-width:none]">
        {key("escape", "Escape", "Esc")}
        {key("tab", "Tab", "Tab")}
        <RowButton label="Control, for the next key" disabled={!live} pressed={ctrl} onPress={onCtrl}>
          Ctrl
        </RowButton>
        {key("left", "Left", <ArrowLeft size={18} />)}
        {key("up", "Up", <ArrowUp size={18} />)}
        {key("down", "Down", <ArrowDown size={18} />)}
        {key("right", "Right", <ArrowRight size={18} />)}
        {key("enter", "Enter", <CornerDownLeft size={18} />)}
        {key("interrupt", "Interrupt (Control-C)", "^C")}
        <RowButton label="Paste" disabled={!live} onPress={onPaste}>
          <ClipboardPaste size={18} />
        </RowButton>
        <RowButton label="Text field" pressed={field} onPress={() => setField(!field)}>
          <TextCursorInput size={18} />
        </RowButton>
        {key("home", "Home", "Home")}
        {key("end", "End", "End")}
        {key("pageUp", "Page up", "PgUp")}
        {key("pageDown", "Page down", "PgDn")}
      </div>
    </div>
  );
}

function RowButton(props: {
  label: string;
  onPress(): void;
  children: ReactNode;
  pressed?: boolean;
  disabled?: boolean;
}) {
  return (
    <button
      type="button"
      aria-label={props.label}
      aria-pressed={props.pressed}
      disabled={props.disabled}
      // The keyboard stays open only while the terminal keeps the focus.
      onPointerDown={(event) => event.preventDefault()}
      onClick={props.onPress}
      className={classes(
        "flex h-11 min-w-11 shrink-0 grow items-center justify-center rounded-base px-2.5 font-medium active:bg-hover disabled:opacity-40",
        props.pressed === true && "bg-text text-bg",
      )}
    >
      {props.children}
    </button>
  );
}

function LineField({ live, onLine }: { live: boolean; onLine(text: string): void }) {
  const [text, setText] = useState("");
  return (
    <form
      className="flex gap-2 px-2 pt-2"
      onSubmit={(event) => {
        event.preventDefault();
        onLine(text);
        setText("");
      }}
    >
      <input
        aria-label="Type a line"
        placeholder="Type a line; Send presses Enter"
        value={text}
        onChange={(event) => setText(event.target.value)}
        autoCapitalize="off"
        autoComplete="off"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="send"
        className="h-11 min-w-0 grow rounded-base border border-edge/60 bg-bg px-3 font-mono"
      />
      <button
        type="submit"
        disabled={!live}
        className="h-11 shrink-0 rounded-base bg-text px-4 font-medium text-bg disabled:opacity-40"
      >
        Send
      </button>
    </form>
  );
}
