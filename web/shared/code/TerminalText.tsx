import { ChevronsDownUp, ChevronsUpDown } from "lucide-react";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { classes } from "../lib/classes.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { readAnsi, type AnsiColour } from "./readAnsi.ts";

const TONES: Record<AnsiColour, string> = {
  red: "text-trouble-text",
  green: "text-done-text",
  yellow: "text-waiting-text",
  blue: "text-working-text",
  magenta: "text-working-text",
  cyan: "text-working-text",
  grey: "text-muted",
};
/** Above this, the end is shown first: it is what says how it went. */
const MOST_LINES = 24;

/** This near to its end, a text that grows is followed. */
const NEAR_END_PX = 24;

/** What a program printed, as a small terminal: coloured, copyable, its end first when it is long. `live`: more is coming. */
export function TerminalText({
  text,
  label,
  cut = 0,
  live = false,
}: {
  text: string;
  label: string;
  cut?: number;
  live?: boolean;
}) {
  const [whole, setWhole] = useState(false);
  const pieces = useMemo(() => readAnsi(text.replace(/\n+$/, "")), [text]);
  const plain = useMemo(() => pieces.map((piece) => piece.text).join(""), [pieces]);
  const lines = useMemo(() => plain.split("\n").length, [plain]);
  const folded = lines > MOST_LINES && !whole;
  const shown = useMemo(
    () => (folded ? readAnsi(lastLines(text, MOST_LINES)) : pieces),
    [folded, text, pieces],
  );
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(live);
  useLayoutEffect(() => {
    if (follows.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  });
  return (
    <div className="group/term relative bg-term" data-live={live || undefined}>
      {cut > 0 && (
        <p className="px-3 pt-1.5 text-small text-waiting-text">
          {cut.toLocaleString("en")} bytes of it were cut on the host.
        </p>
      )}
      {lines > MOST_LINES && (
        <button
          type="button"
          onClick={() => setWhole(!whole)}
          className="flex min-h-7 w-full items-center gap-1.5 px-3 text-small text-muted hover:text-text touch:min-h-11"
        >
          {whole ? <ChevronsDownUp size={12} /> : <ChevronsUpDown size={12} />}
          {whole ? "Show the end alone" : `Show ${(lines - MOST_LINES).toLocaleString("en")} lines above`}
        </button>
      )}
      <pre
        ref={box}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          if (live) follows.current = scrollHeight - scrollTop - clientHeight <= NEAR_END_PX;
        }}
        aria-label={label}
        tabIndex={0}
        className={classes(
          "overflow-auto px-3 py-2 font-mono text-[12px] leading-[18px] break-words whitespace-pre-wrap text-term-text outline-offset-[-2px]",
          whole ? "max-h-[70vh]" : "max-h-[480px]",
        )}
      >
        {shown.map(({ text, colour, bold, dim }, index) => {
          const tone = classes(
            colour !== null && TONES[colour],
            bold && "font-semibold",
            dim && "text-muted",
          );
          // Pieces of one text: the place is what tells them apart.
          return tone === "" ? (
            text
          ) : (
            <span key={`${index} ${tone}`} className={tone}>
              {text}
            </span>
          );
        })}
      </pre>
      <CopyButton
        text={plain}
        what={label.toLowerCase()}
        className="absolute top-1 right-1 bg-term opacity-0 group-hover/term:opacity-100 focus-visible:opacity-100 touch:opacity-100"
      />
    </div>
  );
}

function lastLines(text: string, count: number): string {
  return text.replace(/\n+$/, "").split("\n").slice(-count).join("\n");
}
