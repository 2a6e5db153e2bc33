import { redact } from "../../protocol/redact.ts";
import type { ModelTest } from "../../protocol/modelSettings.ts";
import { callModel } from "./callModel.ts";
import { ModelError } from "./ModelError.ts";
import type { ModelConfig } from "./modelEnv.ts";
import { openModel } from "./openModel.ts";

/** A person waits for it. */
const TIMEOUTS = { firstMs: 30_000, chunkMs: 15_000, stepMs: 45_000 };
const SHOWN_CHARACTERS = 300;

/** Says hello to a model, once, and tells what came of it in words. */
export async function testModel(config: ModelConfig, id: string): Promise<ModelTest> {
  try {
    const opened = openModel(config, id);
    let text = "";
    const step = callModel({
      ...opened,
      instructions: "Answer with one short sentence.",
      messages: [{ role: "user", content: "Say hello." }],
      tools: {},
      timeouts: TIMEOUTS,
    });
    for await (const part of step) if (part.type === "text") text += part.text;
    return { ok: true, model: id, text: redact(opened.clean(text)).trim().slice(0, SHOWN_CHARACTERS) };
  } catch (error) {
    if (error instanceof ModelError) return { ok: false, model: id, message: error.message };
    throw error;
  }
}
