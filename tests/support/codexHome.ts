import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Without the dialog about a newer model, and with questions, which Codex asks in its default mode only when told to. */
const FOR_TERMINALS = `[notice.model_migrations]
"gpt-5.5" = "gpt-6-sol"
[features]
default_mode_request_user_input = true
`;

/**
 * A home for codex that knows nothing of this machine and asks only the given model server (see startFakeModel).
 * In the directories `trusted` its terminal begins without questions.
 * Gives back the environment to run it in.
 */
export function makeCodexHome(dir: string, modelUrl: string, ...trusted: string[]): NodeJS.ProcessEnv {
  const home = join(dir, "codex-home");
  const temporary = join(dir, "tmp");
  mkdirSync(home, { recursive: true });
  mkdirSync(temporary, { recursive: true });
  writeFileSync(
    join(home, "config.toml"),
    `model = "gpt-5.5"
model_provider = "fake"
check_for_update_on_startup = false
suppress_unstable_features_warning = true
[model_providers.fake]
name = "fake"
base_url = "${modelUrl}/v1"
wire_api = "responses"
env_key = "FAKE_KEY"
request_max_retries = 1
stream_max_retries = 1
[analytics]
enabled = false
${trusted.length === 0 ? "" : FOR_TERMINALS}
${trusted.map((cwd) => `[projects.${JSON.stringify(cwd)}]\ntrust_level = "trusted"\n`).join("")}`,
  );
  // codex's launcher is found by its first line, `env node`: it must be this Node.
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  // Its own temporary directory must not hold its home.
  return { ...process.env, PATH: path, HOME: dir, CODEX_HOME: home, TMPDIR: temporary, FAKE_KEY: "x" };
}

/** What of it a whole Signalbox needs, whose own home stays what it is. */
export function codexVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const { PATH = "", CODEX_HOME = "", TMPDIR = "", FAKE_KEY = "" } = env;
  return { PATH, CODEX_HOME, TMPDIR, FAKE_KEY };
}

/** Ends the app server that Codex's terminals of a home share: it outlives them. */
export function stopAppServer(dir: string): void {
  for (const name of ["daemon-updater.pid", "daemon.pid"]) {
    const path = join(dir, "codex-home", "app-server-daemon", name);
    const pid = existsSync(path) ? /"pid":\s*(\d+)/.exec(readFileSync(path, "utf8"))?.[1] : undefined;
    if (pid !== undefined && existsSync(`/proc/${pid}`)) process.kill(Number(pid), "SIGKILL");
  }
}
