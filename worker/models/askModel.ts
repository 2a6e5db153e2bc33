import type { ModelMessage } from "ai";
import { TOOLS } from "../../protocol/tools.ts";
import { callModel, type ModelPart } from "./callModel.ts";
import type { ModelConfig } from "./modelEnv.ts";
import { openModel, type Effort } from "./openModel.ts";
import { withRetry } from "./withRetry.ts";

export type ModelRequest = {
  model: string;
  effort: Effort | null;
  instructions: string;
  messages: ModelMessage[];
  signal: AbortSignal;
};

/**
 * One step of a chat's model with all tools, asked again when it failed in a way that may pass; `onRetry` is told why
 * before the wait, and what the attempt before had said is void then. Each attempt reads anew what is configured.
 * Throws a ModelError, in words.
 */
export async function* askModel(
  readConfig: () => Promise<ModelConfig>,
  { model, effort, instructions, messages, signal }: ModelRequest,
  onRetry: (why: string) => void,
): AsyncGenerator<ModelPart> {
  async function* step() {
    const opened = openModel(await readConfig(), model, effort);
    yield* callModel({ ...opened, instructions, messages, tools: TOOLS, signal });
  }
  for await (const part of withRetry(step, { signal })) {
    if (part.type === "retry") onRetry(part.reason);
    else yield part;
  }
}
