import type { ReactNode } from "react";
import { Signal } from "../../shared/ui/Signal.tsx";
import type { CallSign as Sign } from "./callWords.ts";

/** The sign of a call's state: a shape of its own as well as a colour; its word stands beside it. */
export function CallSign({ sign, size = 12 }: { sign: Sign; size?: number }) {
  switch (sign) {
    case "waiting":
    case "working":
    case "done":
    case "trouble":
      return <Signal status={sign} size={size} silent />;
    case "proposed":
      return <Signal status="starting" size={size} silent />;
    case "denied":
      return (
        <Shape size={size}>
          <circle cx="6" cy="6" r="4.25" className="stroke-idle" strokeWidth="1.5" />
          <path d="m3 9 6-6" className="stroke-idle" strokeWidth="1.5" />
        </Shape>
      );
    case "stopped":
      return (
        <Shape size={size}>
          <path d="M2 6h8" className="stroke-idle" strokeWidth="2" strokeLinecap="round" />
        </Shape>
      );
    case "unknown":
      return (
        <Shape size={size}>
          <path d="M6 1.2 11 10.5H1z" className="stroke-waiting" strokeWidth="1.4" strokeLinejoin="round" />
          <path d="M6 4.6v2.6M6 8.6v.4" className="stroke-waiting" strokeWidth="1.4" strokeLinecap="round" />
        </Shape>
      );
  }
}

function Shape({ size, children }: { size: number; children: ReactNode }) {
  return (
    <svg width={size} height={size} viewBox="0 0 12 12" fill="none" aria-hidden className="shrink-0">
      {children}
    </svg>
  );
}
