import type { Model } from "../../protocol/api.ts";
import type { ModelConfig } from "./modelEnv.ts";
import { providers } from "./providers.ts";

/** Every model that a chat can talk to; exactly one is the default. Holds nothing secret. */
export function listModels(env: ModelConfig): Model[] {
  const models = providers(env).flatMap((provider) => provider.models);
  // One that is not there any more is passed over.
  const wanted = [env.SIGNALBOX_MODEL?.trim(), env.settings?.defaultModel, models[0]?.id];
  const first = wanted.find((id) => models.some((model) => model.id === id));
  return models.map((model) => ({ ...model, default: model.id === first }));
}
