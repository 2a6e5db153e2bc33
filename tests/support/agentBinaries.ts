import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The agents that every run of the tests wants, and those of `npm run nightly` beside them. */
const DAILY = ["codex", "claude", "qwen-workflows"] as const;
const NIGHTLY = ["opencode", "claude-agent-acp", "codex-acp"] as const;
export type AgentBinary = (typeof DAILY)[number] | (typeof NIGHTLY)[number];

type Pinned = {
  package: string;
  version: string;
  program: string;
  /** Without its optional dependencies. */
  lean?: boolean;
  /** Only this one file of the package is wanted. */
  alone?: boolean;
};

/** The agents that tests run for real: package, pinned version, and the program inside. The only place that pins them. */
const AGENTS: Record<AgentBinary, Pinned> = {
  codex: { package: "@openai/codex", version: "0.169.0", program: "node_modules/@openai/codex/bin/codex.js" },
  // The program itself; the package's own is put in its place by an install script.
  claude: {
    package: "@anthropic-ai/claude-code",
    version: "2.1.328",
    program: `node_modules/@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`,
  },
  // Not run: what it teaches its model about workflow scripts, with a whole one.
  "qwen-workflows": {
    package: "@qwen-code/qwen-code",
    version: "0.24.4",
    program: "package/bundled/workflow-authoring/SKILL.md",
    alone: true,
  },
  opencode: {
    package: `opencode-${process.platform}-${process.arch}`,
    version: "1.18.33",
    program: `node_modules/opencode-${process.platform}-${process.arch}/bin/opencode`,
  },
  // What they bring of Claude and Codex is left out: the two above are used.
  "claude-agent-acp": {
    package: "@agentclientprotocol/claude-agent-acp",
    version: "0.100.0",
    program: "node_modules/@agentclientprotocol/claude-agent-acp/dist/index.js",
    lean: true,
  },
  "codex-acp": {
    package: "@agentclientprotocol/codex-acp",
    version: "2.6.0",
    program: "node_modules/@agentclientprotocol/codex-acp/dist/index.js",
    lean: true,
  },
};

/** Where they are: beside the checkout's other caches, outside package.json. */
const CACHE = join(import.meta.dirname, "../../.cache/agents");
const INSTALL_TIMEOUT_MS = 5 * 60_000;

export type FoundAgent = { path: string; version: string } | { missing: string };

/**
 * The program of an agent. It is installed from npm when it is not there yet and `CI` or `SIGNALBOX_AGENTS` is set;
 * otherwise `missing` says why a test that needs it is skipped.
 */
export async function findAgent(name: AgentBinary): Promise<FoundAgent> {
  const { version } = AGENTS[name];
  if (existsSync(pathOf(name))) return { path: pathOf(name), version };
  if (!isSet(process.env["CI"]) && !isSet(process.env["SIGNALBOX_AGENTS"])) {
    return {
      missing: `${name} ${version} is not installed here: run "npm run agents", or set SIGNALBOX_AGENTS=1`,
    };
  }
  try {
    return { path: await installAgent(name), version };
  } catch (error) {
    return { missing: `${name} ${version} cannot be installed: ${String(error).slice(0, 500)}` };
  }
}

/** Installs an agent into the cache (its install scripts do not run) and gives back its program. */
export async function installAgent(name: AgentBinary): Promise<string> {
  if (existsSync(pathOf(name))) return pathOf(name);
  const agent = AGENTS[name];
  // Into a directory of its own first: another process may be installing the same, or this one may be killed.
  const unfinished = `${dirOf(name)}.${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  try {
    const spec = `${agent.package}@${agent.version}`;
    const run = promisify(execFile);
    const how = { cwd: unfinished, timeout: INSTALL_TIMEOUT_MS };
    if (agent.alone === true) {
      const { stdout } = await run("npm", ["pack", "--silent", "--ignore-scripts", spec], how);
      const packed = join(unfinished, stdout.trim());
      await run("tar", ["-xzf", packed, agent.program], how);
      await rm(packed);
    } else {
      const options = ["--prefix", unfinished, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
      if (agent.lean === true) options.push("--omit=optional");
      await run("npm", ["install", ...options, spec], how);
    }
    await rename(unfinished, dirOf(name)).catch((error: unknown) => {
      if (!existsSync(pathOf(name))) throw error; // else the other process was faster
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return pathOf(name);
}

function dirOf(name: AgentBinary): string {
  return join(CACHE, `${name}-${AGENTS[name].version}`);
}

function pathOf(name: AgentBinary): string {
  return join(dirOf(name), AGENTS[name].program);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}

if (process.argv[1] === import.meta.filename) {
  const wanted = process.argv.includes("--nightly") ? [...DAILY, ...NIGHTLY] : DAILY;
  for (const name of wanted) console.log(`${name}: ${await installAgent(name)}`);
}
