import type { SessionStatus } from "../../../protocol/session.ts";
import { classes } from "../lib/classes.ts";

/** The word of each signal, for people. */
export const SIGNAL_WORDS: Record<SessionStatus, string> = {
  starting: "Starting",
  working: "Working",
  waiting: "Waiting for you",
  idle: "Idle",
  done: "Done",
  trouble: "Trouble",
};

/** The colour of each signal's word. */
export const SIGNAL_TEXT: Record<SessionStatus, string> = {
  starting: "text-working-text",
  working: "text-working-text",
  waiting: "text-waiting-text",
  idle: "text-muted",
  done: "text-done-text",
  trouble: "text-trouble-text",
};

type SignalProps = {
  status: SessionStatus;
  /** Its host is away: the last known state, drawn hollow. */
  hollow?: boolean;
  size?: number;
  /** The word stands beside it already. */
  silent?: boolean;
};

/** The sign of a state: a shape of its own as well as a colour. */
export function Signal({ status, hollow = false, size = 12, silent = false }: SignalProps) {
  const label = hollow ? `${SIGNAL_WORDS[status]}, last known (host offline)` : SIGNAL_WORDS[status];
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 12 12"
      fill="none"
      // The whole sign breathes: parts of an SVG cannot be animated without drawing the page again for each frame.
      className={classes("shrink-0", status === "working" && !hollow && "animate-breathe")}
      data-signal={status}
      data-hollow={hollow || undefined}
      {...(silent ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    >
      {!silent && <title>{label}</title>}
      <SignalShape status={status} hollow={hollow} />
    </svg>
  );
}

function SignalShape({ status, hollow }: { status: SessionStatus; hollow: boolean }) {
  switch (status) {
    case "waiting":
      return hollow ? (
        <circle cx="6" cy="6" r="4.25" className="stroke-waiting" strokeWidth="1.5" />
      ) : (
        <circle cx="6" cy="6" r="5" className="fill-waiting" />
      );
    case "working":
      return hollow ? (
        <circle cx="6" cy="6" r="2.75" className="stroke-working" strokeWidth="1.5" />
      ) : (
        <>
          <circle cx="6" cy="6" r="5.25" className="stroke-working" strokeWidth="1" opacity="0.55" />
          <circle cx="6" cy="6" r="3" className="fill-working" />
        </>
      );
    case "starting":
      return (
        <circle
          cx="6"
          cy="6"
          r="4.25"
          className="stroke-working"
          strokeWidth="1.5"
          strokeDasharray="2.2 2.2"
        />
      );
    case "idle":
      return (
        <circle
          cx="6"
          cy="6"
          r="3.5"
          className="stroke-idle"
          strokeWidth={hollow ? 1 : 1.75}
          {...(hollow ? { strokeDasharray: "1.6 1.4" } : {})}
        />
      );
    case "done":
      return (
        <path
          d="M2 6.5 4.8 9.2 10 3.2"
          className={classes("stroke-done", hollow && "opacity-60")}
          strokeWidth={hollow ? 1.25 : 2}
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      );
    case "trouble":
      return hollow ? (
        <rect x="2" y="2" width="8" height="8" rx="1" className="stroke-trouble" strokeWidth="1.5" />
      ) : (
        <rect x="1.5" y="1.5" width="9" height="9" rx="1.25" className="fill-trouble" />
      );
  }
}
