import type { Env } from "../../durable-objects/shared/env.ts";
import { listModels } from "./listModels.ts";
import { readModelConfig } from "./readModelConfig.ts";

/** The model that a team's new chats begin with. */
export async function defaultModel(env: Env, team: string): Promise<string> {
  const models = listModels(await readModelConfig(env, team, null));
  return models.find((model) => model.default)?.id ?? "offline/builtin";
}
