import type { Presence as PresenceName } from "../../../protocol/host.ts";

const WORDS: Record<PresenceName, string> = {
  online: "Online",
  offline: "Offline",
  never: "Never connected",
};

/** Whether a host is there: a filled disc, a hollow one, or a dashed one. */
export function Presence({ presence, size = 10 }: { presence: PresenceName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 10 10"
      fill="none"
      role="img"
      aria-label={WORDS[presence]}
      className="shrink-0"
    >
      <title>{WORDS[presence]}</title>
      {presence === "online" ? (
        <circle cx="5" cy="5" r="3.5" className="fill-done" />
      ) : (
        <circle
          cx="5"
          cy="5"
          r="3.25"
          className="stroke-idle"
          strokeWidth="1.25"
          {...(presence === "never" ? { strokeDasharray: "1.8 1.8" } : {})}
        />
      )}
    </svg>
  );
}

export function presenceWord(presence: PresenceName): string {
  return WORDS[presence];
}
