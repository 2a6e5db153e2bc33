import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A home for OpenCode that knows nothing of this machine and asks only the given model server (see startFakeModel); it
 * asks before commands and edits. Gives back the environment to run it in.
 */
export function makeOpencodeHome(dir: string, modelUrl: string): NodeJS.ProcessEnv {
  const home = join(dir, "opencode-home");
  const config = join(home, "config");
  mkdirSync(join(config, "opencode"), { recursive: true });
  writeFileSync(
    join(config, "opencode", "opencode.json"),
    JSON.stringify({
      model: "fake/fake-model",
      enabled_providers: ["fake"],
      provider: {
        fake: {
          npm: "@ai-sdk/openai-compatible",
          name: "Fake",
          options: { baseURL: `${modelUrl}/v1`, apiKey: "x" },
          models: {
            "fake-model": { name: "Fake", tool_call: true, limit: { context: 128_000, output: 8_000 } },
          },
        },
      },
      permission: { bash: "ask", edit: "ask" },
    }),
  );
  return {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: config,
    XDG_DATA_HOME: join(home, "data"),
    XDG_STATE_HOME: join(home, "state"),
    XDG_CACHE_HOME: join(home, "cache"),
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  };
}
