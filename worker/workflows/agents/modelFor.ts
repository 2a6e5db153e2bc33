import type { JobAgent } from "../../../protocol/jobs.ts";

/** Short names that Claude Code's scripts use; `inherit` means the usual one. */
const CLAUDES = /claude|sonnet|opus|haiku/i;
const SHORT = /^(?:sonnet|opus|haiku|opusplan|default)$/i;
const OPENAIS = /^(?:gpt|o\d|codex)/i;

/**
 * The model that an agent on a host is given of the one that a script names: scripts are written for one agent and run
 * with others. Null: it takes the one that it is configured with.
 */
export function modelFor(provider: JobAgent, wanted: string | undefined): string | null {
  if (wanted === undefined || wanted === "" || wanted === "inherit") return null;
  switch (provider) {
    case "claude":
      return OPENAIS.test(wanted) ? null : wanted;
    case "codex":
      return CLAUDES.test(wanted) ? null : wanted;
    case "opencode":
      // It knows models by `provider/model` alone.
      return wanted.includes("/") ? wanted : null;
    default:
      return SHORT.test(wanted) && !CLAUDES.test(provider) ? null : wanted;
  }
}
