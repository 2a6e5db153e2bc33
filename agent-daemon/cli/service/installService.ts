import { homedir } from "node:os";
import { join } from "node:path";
import { explainRun, run } from "../../run.ts";
import { FINAL_EXITS } from "../../system/exitCodes.ts";
import { Sentence } from "../../system/Sentence.ts";
import { writeFileSafely } from "../../system/writeFileSafely.ts";
import { LAUNCHD_LABEL, launchdPlist } from "./launchdPlist.ts";
import { systemdUnit } from "./systemdUnit.ts";
import type { ServiceSpec } from "./systemdUnit.ts";

export type Argv = [string, ...string[]];
export type ServicePlan = {
  files: { path: string; text: string }[];
  /** Programs to run in order; `may` fail: what it does may be done already. */
  steps: { argv: Argv; may?: "fail" }[];
  done: string;
};

export type PlanInput = {
  platform: NodeJS.Platform;
  home: string;
  uid: number;
  argv: string[];
  env: NodeJS.ProcessEnv;
  stateDir: string;
};

/** What the service inherits from the shell it is installed from: where programs and tmux's sockets are found. */
const KEPT = ["PATH", "TMUX_TMPDIR", "SHELL", "LANG", "CODEX_HOME", "CLAUDE_CONFIG_DIR"];

/** How the daemon becomes a service of this user. Pure. */
export function planService({ platform, home, uid, argv, env, stateDir }: PlanInput): ServicePlan {
  const kept = KEPT.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  const spec: ServiceSpec = {
    argv,
    env: Object.fromEntries(kept),
    logFile: join(stateDir, "agent.log"),
    finalExits: FINAL_EXITS,
  };
  if (platform === "darwin") {
    const path = join(home, "Library/LaunchAgents", `${LAUNCHD_LABEL}.plist`);
    return {
      files: [{ path, text: launchdPlist(spec) }],
      steps: [
        { argv: ["launchctl", "bootout", `gui/${uid}/${LAUNCHD_LABEL}`], may: "fail" },
        { argv: ["launchctl", "bootstrap", `gui/${uid}`, path] },
      ],
      done: `The daemon runs as a launchd agent. Its log: ${spec.logFile}`,
    };
  }
  if (platform === "linux") {
    return {
      files: [{ path: join(home, ".config/systemd/user/signalbox.service"), text: systemdUnit(spec) }],
      steps: [
        { argv: ["systemctl", "--user", "daemon-reload"] },
        { argv: ["systemctl", "--user", "enable", "signalbox.service"] },
        { argv: ["systemctl", "--user", "restart", "signalbox.service"] },
        // Without it the service ends when the person logs out.
        { argv: ["loginctl", "enable-linger"], may: "fail" },
      ],
      done: "The daemon runs as a systemd user unit. Its log: journalctl --user -u signalbox",
    };
  }
  throw new Sentence(
    `A service cannot be installed on ${platform}. Run \`signalbox connect\` without --service.`,
  );
}

/** Installs and starts the service; throws a sentence when a step fails. */
export async function installService(plan: ServicePlan): Promise<string> {
  for (const { path, text } of plan.files) writeFileSafely(path, text);
  for (const { argv, may } of plan.steps) {
    const result = await run({ argv, timeoutMs: 30_000 });
    if (result.status === "exited" && result.code === 0) continue;
    if (may === "fail") continue;
    throw new Sentence(
      `The service could not be started: ${explainRun(argv.join(" "), result)}. Its file is ${plan.files[0]?.path}. Run \`signalbox connect\` without --service meanwhile.`,
    );
  }
  return plan.done;
}

/** The plan for this process and person. */
export function planServiceHere(argv: string[], stateDir: string): ServicePlan {
  const uid = process.getuid?.() ?? 0;
  return planService({ platform: process.platform, home: homedir(), uid, argv, env: process.env, stateDir });
}
