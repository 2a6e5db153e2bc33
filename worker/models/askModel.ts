import type { ModelMessage } from "ai";
import { TOOLS } from "../../protocol/tools.ts";
import { callModel, type ModelPart } from "./callModel.ts";
import { loadAttachments, type OpenAttachment } from "./loadAttachments.ts";
import { ModelError } from "./ModelError.ts";
import type { ModelConfig } from "./modelEnv.ts";
import { openModel, type Effort } from "./openModel.ts";
import type { ToolSchemas } from "./toFunctionTools.ts";
import { withRetry } from "./withRetry.ts";

export type ModelRequest = {
  model: string;
  effort: Effort | null;
  instructions: string;
  messages: ModelMessage[];
  /** The tools it may call; all when they are not given. */
  tools?: ToolSchemas;
  signal: AbortSignal;
};

/**
/**
 * One step of a chat's model, asked again when it failed in a way that may pass, and once without images
 * when it was refused with them; `onRetry` is told why before the wait, and what the attempt before had said is void
 * then. Each attempt reads anew what is configured. Throws a ModelError, in words.
 */
export async function* askModel(
  readConfig: () => Promise<ModelConfig>,
  { model, effort, instructions, messages, tools = TOOLS, signal }: ModelRequest,
  open: OpenAttachment,
  onRetry: (why: string) => void,
): AsyncGenerator<ModelPart> {
  let withImages = true;
  let shown = 0;
  async function* step() {
    const opened = openModel(await readConfig(), model, effort);
    const { context, images } = opened.info;
    const loaded = await loadAttachments(messages, { images: images && withImages, context, open });
    shown = loaded.images;
    yield* callModel({ ...opened, instructions, messages: loaded.messages, tools, signal });
  }
  try {
    yield* retried(step, signal, onRetry);
  } catch (error) {
    // One picture that a provider cannot read would else stand in the way of every turn to come.
    if (shown === 0 || !(error instanceof ModelError) || error.code !== "refused") throw error;
    onRetry(`${error.message} It is asked again without the images.`);
    withImages = false;
    yield* retried(step, signal, onRetry);
  }
}

async function* retried(
  step: () => AsyncIterable<ModelPart>,
  signal: AbortSignal,
  onRetry: (why: string) => void,
): AsyncGenerator<ModelPart> {
  for await (const part of withRetry(step, { signal })) {
    if (part.type === "retry") onRetry(part.reason);
    else yield part;
  }
}
