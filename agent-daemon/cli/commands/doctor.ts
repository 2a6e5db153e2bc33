import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import * as z from "zod";
import { readAgentStatus } from "../../agentStatus.ts";
import { DEFAULT_CONFIG_PATH, readConfig } from "../../config.ts";
import type { AgentConfig } from "../../config.ts";
import { readRunRecord } from "../../edge/runRecord.ts";
import { readToken } from "../../readToken.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { findProgram, makeVersionReader } from "../../system/hostInfo.ts";
import { isLocked, takeLock } from "../../system/lock.ts";
import { say } from "../../system/Sentence.ts";
import { agentFiles } from "../../agentStatus.ts";
import { run } from "../../run.ts";
import { callApi } from "../callApi.ts";
import { findHome } from "../context.ts";
import type { Context } from "../context.ts";
import type { DoctorArgs } from "../invocation.ts";
import type { CommandSpec } from "../CommandSpec.ts";
import { CONFIG_OPTION, JSON_OPTION, readText } from "../readValues.ts";

/** `signalbox doctor` on the command line. */
export const doctorSpec: CommandSpec = {
  usage: "[--json]",
  summary: "look for what keeps Signalbox from working here",
  options: { json: JSON_OPTION, config: CONFIG_OPTION },
  words: { least: 0, most: 0 },
  read: (values) => ({
    command: "doctor",
    args: { json: values["json"] === true, config: readText(values, "config") },
  }),
};

/** `ok`: fine; `note`: worth knowing; `bad`: keeps something from working. */
export type Finding = { state: "ok" | "note" | "bad"; what: string; says: string };

const LEAST_NODE = [22, 13];
const LEAST_FREE_BYTES = 512 * 1024 * 1024;

/** `signalbox doctor`: ends with 1 when something keeps it from working. */
export async function doctor({ json, config: file }: DoctorArgs, context: Context): Promise<number> {
  const findings: Finding[] = [checkNode(process.versions.node)];
  const files = findHome(context);
  const local = files !== null && existsSync(files.run) ? files : null;
  const path =
    file ?? (local !== null && existsSync(local.agentConfig) ? local.agentConfig : DEFAULT_CONFIG_PATH);
  const config = readConfigOr(path, findings);
  if (config !== null) {
    const { acp, ...programs } = config.agents;
    const own =
      local === null
        ? config
        : withLocalState(config, local.agent, readRunRecord(local.run)?.url ?? config.url);
    findings.push(
      await checkProgram("git", "git", "bad"),
      await checkTmux(config.tmux.path),
      ...(await Promise.all(
        Object.entries(programs).map(([name, program]) => checkProgram(name, program, "note")),
      )),
      ...(await Promise.all(Object.entries(acp).map(([name, [program]]) => checkCommand(name, program)))),
      await checkStateDir(own.state_dir),
      checkToken(own),
      await checkEdge(own.url),
      checkLink(own.state_dir),
    );
  }
  if (json) context.print(JSON.stringify(findings, null, 2));
  else for (const line of renderFindings(findings)) context.print(line);
  return findings.some(({ state }) => state === "bad") ? EXIT.failed : EXIT.ok;
}

/** Findings as lines, the bad ones last where the eye is. Pure. */
export function renderFindings(findings: Finding[]): string[] {
  const signs = { ok: "✓", note: "·", bad: "✗" };
  const order = { ok: 0, note: 1, bad: 2 };
  const width = Math.max(...findings.map(({ what }) => what.length));
  return [...findings]
    .sort((a, b) => order[a.state] - order[b.state])
    .map(({ state, what, says }) => `${signs[state]} ${what.padEnd(width)}  ${says}`);
}

/** Whether this Node is new enough. Pure. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = LEAST_NODE;
  const enough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return enough
    ? { state: "ok", what: "node", says: version }
    : {
        state: "bad",
        what: "node",
        says: `${version} is too old; ${LEAST_NODE.join(".")} or newer is needed`,
      };
}

function readConfigOr(path: string, findings: Finding[]): AgentConfig | null {
  try {
    const config = readConfig(path);
    findings.push({
      state: "ok",
      what: "config",
      says: existsSync(path) ? path : `${path} is not there; the defaults hold`,
    });
    return config;
  } catch (error) {
    findings.push({ state: "bad", what: "config", says: say(error) });
    return null;
  }
}

/** The daemon of one-machine mode keeps its state in the home, whatever the file says. */
function withLocalState(
  { token_file: _token, ...config }: AgentConfig,
  state_dir: string,
  url: string,
): AgentConfig {
  return { ...config, state_dir, url };
}

async function checkProgram(what: string, program: string, missing: "note" | "bad"): Promise<Finding> {
  const version = await makeVersionReader()(program);
  return version === null
    ? { state: missing, what, says: `${program} is not installed` }
    : { state: "ok", what, says: `${version} (${await findProgram(program)})` };
}

async function checkCommand(what: string, program: string): Promise<Finding> {
  const file = await findProgram(program);
  return file === null
    ? { state: "note", what, says: `${program} is not installed (agents.acp)` }
    : { state: "ok", what, says: file };
}

async function checkTmux(program: string): Promise<Finding> {
  const file = await findProgram(program);
  if (file === null)
    return { state: "bad", what: "tmux", says: `${program} is not installed; no terminals without it` };
  const result = await run({ argv: [file, "-V"], timeoutMs: 5_000 });
  return result.status === "exited" && result.code === 0
    ? { state: "ok", what: "tmux", says: `${result.stdout.toString().trim()} (${file})` }
    : { state: "bad", what: "tmux", says: `${file} does not work` };
}

async function checkStateDir(dir: string): Promise<Finding> {
  const { lock } = agentFiles(dir);
  try {
    if (!isLocked(lock)) takeLock(lock)?.release();
    const { bavail, bsize } = await statfs(dir);
    const free = bavail * bsize;
    if (free < LEAST_FREE_BYTES) {
      return {
        state: "bad",
        what: "state",
        says: `only ${Math.round(free / 1024 / 1024)} MB are free for ${dir}`,
      };
    }
    return { state: "ok", what: "state", says: dir };
  } catch (error) {
    return { state: "bad", what: "state", says: `${dir} cannot be written: ${say(error)}` };
  }
}

function checkToken(config: AgentConfig): Finding {
  const token = readToken(config);
  return "missing" in token
    ? { state: "bad", what: "token", says: token.missing }
    : { state: "ok", what: "token", says: "this machine is enrolled" };
}

async function checkEdge(url: string): Promise<Finding> {
  try {
    const health = await callApi(
      { url, token: null },
      { path: "/health", schema: z.looseObject({ version: z.string() }) },
    );
    return { state: "ok", what: "edge", says: `${url} answers (version ${health.version})` };
  } catch (error) {
    return { state: "bad", what: "edge", says: say(error) };
  }
}

function checkLink(stateDir: string): Finding {
  const agent = readAgentStatus(stateDir);
  if (agent === null || !agent.running) return { state: "bad", what: "daemon", says: "it is not running" };
  const { link, problems, journal } = agent.status;
  if (link.state !== "online") {
    return {
      state: "bad",
      what: "daemon",
      says: `it is not connected${link.problem === null ? "" : `: ${link.problem.message}`}`,
    };
  }
  if (problems.length > 0) return { state: "note", what: "daemon", says: problems.join(" ") };
  return { state: "ok", what: "daemon", says: `connected; ${journal.unacked} messages on their way` };
}
