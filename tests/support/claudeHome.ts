import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** No key of anybody: the fake model takes any. */
const KEY = "sk-ant-signalbox-test-0000000000";

/**
 * A home for Claude Code that knows nothing of this machine, trusts `cwd`, and asks only the given model server (see
 * startFakeModel). Gives back the environment to run it in.
 */
export function makeClaudeHome(
  dir: string,
  cwd: string,
  modelUrl: string,
  version: string,
): { CLAUDE_CONFIG_DIR: string } & Record<string, string> {
  const config = join(dir, "claude");
  mkdirSync(config, { recursive: true });
  writeFileSync(
    join(config, ".claude.json"),
    JSON.stringify({
      hasCompletedOnboarding: true,
      theme: "dark",
      lastOnboardingVersion: version,
      customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
      projects: { [cwd]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
    }),
  );
  return {
    // Its commands run in a login shell, which would do (and wait for) what this machine's profile says.
    HOME: dir,
    CLAUDE_CONFIG_DIR: config,
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: KEY,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_MAX_RETRIES: "1",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    IS_SANDBOX: "1",
  };
}
