import type { ToolModelMessage } from "ai";
import type { CommandResult } from "../../../protocol/commands.ts";
import type { CallState, Item } from "../../../protocol/events.ts";
import type { calls } from "../schema.ts";

export type Call = typeof calls.$inferSelect;

/** What a call came to. */
export type Outcome = Pick<Call, "output" | "output_cut" | "error"> & { state: CallState };

/** A host command's result as the outcome of its call. */
export function outcomeOf(result: CommandResult): Outcome {
  switch (result.status) {
    case "done": {
      if (result.value.type !== "tool") return failure("The host gave a result of another kind.");
      const { ok, text, cut } = result.value.output;
      return { state: ok ? "completed" : "failed", output: text, output_cut: cut, error: null };
    }
    case "failed":
      return failure([result.message, ...(result.details ?? [])].join("\n"));
    case "indeterminate":
      return { ...failure(result.message), state: "indeterminate" };
    case "expired":
      return { ...failure("The host did not come back in time; the call never ran."), state: "expired" };
    case "cancelled":
      return { ...failure("The call was cancelled."), state: "cancelled" };
  }
}

export function failure(error: string): Outcome {
  return { state: "failed", output: null, output_cut: 0, error };
}

/** The call as its card shows it. */
export function itemOf(call: Call): Extract<Item, { kind: "call" }> {
  const { tool, input, state, approval, host, output, output_cut, error } = call;
  return { kind: "call", tool, input, state, approval, host, output, output_cut, error };
}

/** The call's result as the model gets it. */
export function toolMessage(call: Call): ToolModelMessage {
  const words = [
    call.error,
    call.output,
    call.output_cut > 0 ? `(${call.output_cut} bytes of output were cut)` : null,
  ].filter((each) => each !== null);
  const text = words.join("\n") || "(no output)";
  const value = call.state === "completed" ? text : `[${call.state}] ${text}`;
  return {
    role: "tool",
    content: [
      {
        type: "tool-result",
        toolCallId: call.tool_call,
        toolName: call.tool,
        output: call.state === "completed" ? { type: "text", value } : { type: "error-text", value },
      },
    ],
  };
}
