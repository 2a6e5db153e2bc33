import { ArrowDown, ArrowUp, CaseSensitive, Regex, X } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { classes } from "../../../shared/lib/classes.ts";
import { Button } from "../../../shared/ui/Button.tsx";
import type { FindOptions } from "./openTerminal.ts";

type FindBarProps = {
  found: { index: number; count: number };
  onFind(text: string, options: FindOptions): void;
  /** Searches what this page does not have any more, on the host. */
  onSearchHost(text: string, regex: boolean): void;
  onClose(): void;
};

/** Finds text in what the terminal holds on this page. */
export function FindBar({ found, onFind, onSearchHost, onClose }: FindBarProps) {
  const [text, setText] = useState("");
  const [regex, setRegex] = useState(false);
  const [caseSensitive, setCaseSensitive] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const find = useRef(onFind);
  useEffect(() => {
    find.current = onFind;
  });
  useEffect(() => find.current(text, { regex, caseSensitive, back: true }), [text, regex, caseSensitive]);

  return (
    <div
      role="search"
      data-testid="find-bar"
      className="absolute top-2 right-4 z-10 flex animate-appear items-center gap-1 rounded-base border border-line bg-surface p-1 pl-2 phone:right-2 phone:left-2"
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
        event.stopPropagation();
      }}
    >
      <input
        ref={field}
        aria-label="Find in the terminal"
        placeholder="Find"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onFind(text, { regex, caseSensitive, back: !event.shiftKey });
        }}
        className="h-7 w-48 min-w-0 bg-transparent font-mono outline-none phone:grow"
      />
      <span role="status" className="min-w-14 shrink-0 text-right text-small text-muted">
        {text === ""
          ? ""
          : found.count === 0
            ? "none"
            : found.index < 0
              ? `${found.count}`
              : `${found.index + 1} of ${found.count}`}
      </span>
      <Toggle label="Match case" on={caseSensitive} onToggle={() => setCaseSensitive(!caseSensitive)}>
        <CaseSensitive size={16} />
      </Toggle>
      <Toggle label="Regular expression" on={regex} onToggle={() => setRegex(!regex)}>
        <Regex size={14} />
      </Toggle>
      <Button
        look="quiet"
        square
        aria-label="Previous"
        onClick={() => onFind(text, { regex, caseSensitive, back: true })}
      >
        <ArrowUp size={14} />
      </Button>
      <Button
        look="quiet"
        square
        aria-label="Next"
        onClick={() => onFind(text, { regex, caseSensitive, back: false })}
      >
        <ArrowDown size={14} />
      </Button>
      <Button
        look="quiet"
        className="phone:hidden"
        title="Search everything the host still has"
        onClick={() => onSearchHost(text, regex)}
      >
        On the host
      </Button>
      <Button look="quiet" square aria-label="Close" onClick={onClose}>
        <X size={14} />
      </Button>
    </div>
  );
}

function Toggle({
  label,
  on,
  onToggle,
  children,
}: {
  label: string;
  on: boolean;
  onToggle(): void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={on}
      onClick={onToggle}
      className={classes(
        "thumb flex size-7 shrink-0 items-center justify-center rounded-small",
        on ? "bg-selected text-text" : "text-muted hover:bg-hover",
      )}
    >
      {children}
    </button>
  );
}
