import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * A home for codex that knows nothing of this machine and asks only the given model server (see startFakeModel).
 * In the directory `trusted` its terminal begins without questions.
 * Gives back the environment to run it in.
 */
export function makeCodexHome(dir: string, modelUrl: string, trusted?: string): NodeJS.ProcessEnv {
  const home = join(dir, "codex-home");
  const temporary = join(dir, "tmp");
  mkdirSync(home, { recursive: true });
  mkdirSync(temporary, { recursive: true });
  writeFileSync(
    join(home, "config.toml"),
    `model = "gpt-5.5"
model_provider = "fake"
check_for_update_on_startup = false
[model_providers.fake]
name = "fake"
base_url = "${modelUrl}/v1"
wire_api = "responses"
env_key = "FAKE_KEY"
request_max_retries = 1
stream_max_retries = 1
[analytics]
enabled = false
${
  trusted === undefined
    ? ""
    : `[projects.${JSON.stringify(trusted)}]
trust_level = "trusted"
[notice.model_migrations]
"gpt-5.5" = "gpt-6-sol"
`
}`,
  );
  // codex's launcher is found by its first line, `env node`: it must be this Node.
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  // Its own temporary directory must not hold its home.
  return { ...process.env, PATH: path, HOME: dir, CODEX_HOME: home, TMPDIR: temporary, FAKE_KEY: "x" };
}
