import * as z from "zod";
import { CommandId, SessionId } from "../../protocol/ids.ts";
import { LinkServerFrame } from "../../protocol/link.ts";

const types: ReadonlySet<string> = new Set(LinkServerFrame.options.map((option) => option.shape.type.value));
const Typed = z.looseObject({ type: z.string() });
const CommandHead = z.looseObject({
  type: z.literal("command"),
  id: CommandId,
  session: SessionId,
  command: z.looseObject({ type: z.string().max(100) }),
});

export type ServerInput =
  | { kind: "frame"; frame: LinkServerFrame }
  | { kind: "pong" }
  /** A newer edge says something this daemon does not know; that is fine. */
  | { kind: "unknown"; type: string }
  /** A command whose envelope is sound but which this daemon cannot read: it is answered, so that it does not wait for ever. */
  | { kind: "unreadable_command"; id: string; session: string; type: string; problem: string }
  | { kind: "malformed"; problem: string };

/** Reads what came on the link's socket; never throws. */
export function readServerFrame(data: unknown): ServerInput {
  if (typeof data !== "string") return { kind: "malformed", problem: "not text" };
  if (data === "pong") return { kind: "pong" };
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { kind: "malformed", problem: "not JSON" }; // what the parser says of it helps nobody
  }
  const frame = LinkServerFrame.safeParse(value);
  if (frame.success) return { kind: "frame", frame: frame.data };
  const problem = z.prettifyError(frame.error).slice(0, 500);
  const head = CommandHead.safeParse(value);
  if (head.success) {
    return {
      kind: "unreadable_command",
      id: head.data.id,
      session: head.data.session,
      type: head.data.command.type,
      problem,
    };
  }
  const typed = Typed.safeParse(value);
  if (typed.success && !types.has(typed.data.type)) return { kind: "unknown", type: typed.data.type };
  return { kind: "malformed", problem };
}
