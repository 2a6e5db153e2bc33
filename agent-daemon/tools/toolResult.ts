import type { CommandResult } from "../../protocol/commands.ts";
import { MAX_OUTPUT_BYTES } from "../../protocol/limits.ts";
import { cutMiddle } from "../agents/codex/cutText.ts";
import { failed } from "../parts.ts";

/** Longest path or program that a sentence repeats. */
const SHOWN_CHARACTERS = 300;
const MESSAGE_CHARACTERS = 4_000;

/** What a tool gives back, in the bounds of an output. `ok` false: it ran and says that it failed. */
export function told(
  ok: boolean,
  text: string,
  more: { cut?: number; exitCode?: number | null } = {},
): CommandResult {
  const whole = cutMiddle(text, MAX_OUTPUT_BYTES);
  return {
    status: "done",
    value: {
      type: "tool",
      output: {
        ok,
        text: whole.text,
        cut: (more.cut ?? 0) + whole.cut,
        ...(more.exitCode === undefined ? {} : { exit_code: more.exitCode }),
      },
    },
  };
}

/** A call that was not carried out. */
export function refused(code: string, message: string): CommandResult {
  return failed(code, message.slice(0, MESSAGE_CHARACTERS));
}

/** A path as a sentence shows it: short, and in quotes where its characters could mislead. */
export function shown(path: string): string {
  const text = path.length <= SHOWN_CHARACTERS ? path : `${path.slice(0, SHOWN_CHARACTERS)}…`;
  return /[\p{C}]/u.test(text) ? JSON.stringify(text) : text;
}
