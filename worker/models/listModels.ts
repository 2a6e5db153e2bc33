import type { Model } from "../../protocol/api.ts";
import type { ModelEnv } from "./modelEnv.ts";
import { providers } from "./providers.ts";

/** Every model that a chat can talk to; exactly one is the default. Holds nothing secret. */
export function listModels(env: ModelEnv): Model[] {
  const models = providers(env).flatMap((provider) => provider.models);
  const wanted = models.findIndex((model) => model.id === env.SIGNALBOX_MODEL?.trim());
  return models.map((model, index) => ({ ...model, default: index === Math.max(0, wanted) }));
}
