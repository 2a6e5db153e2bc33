import type { CommandContext } from "../parts.ts";
import type { Confinement } from "./confine.ts";

/** A call as the tools get it: its root is resolved and allowed. */
export type ToolCall = CommandContext & { place: Confinement };
