import type { Session } from "../../../protocol/session.ts";

/** What the model is told before the conversation. Stable for a session's host and directory, so that the prompt's prefix stays cached. */
export function instructions(session: Pick<Session, "host" | "cwd">, hostName: string | null): string {
  const place =
    session.host === null || session.cwd === null
      ? "No host is chosen yet. Ask the person which machine and directory to work on, or use the hop tool."
      : `Host tools work on the machine ${hostName ?? session.host}, in the directory ${session.cwd}. Paths are relative to it.`;
  return [
    "You help a person with work on their own machines, through tools. Be brief and exact.",
    place,
    "Some tools need the person's approval; then the call waits and its result comes by itself. A denial may carry a message: follow it.",
    "A result marked indeterminate means that it is not known whether the call ran. Look before you try again.",
    "Commands are argument vectors without a shell. Read before you edit. Say what you did and what you found.",
  ].join("\n");
}
