import { realpath, stat, access, constants } from "node:fs/promises";
import { arch, hostname, platform, release } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import type { HostInfo } from "../../protocol/host.ts";
import type { AgentConfig } from "../config.ts";
import { run } from "../run.ts";
import { VERSION } from "../version.ts";

/** A program that does not say its version by then is there, but "unknown". */
const VERSION_TIMEOUT_MS = 5_000;

/** Finds a program as a shell would; null when it is not there or not executable. */
export async function findProgram(
  name: string,
  path: string = process.env["PATH"] ?? "",
): Promise<string | null> {
  const places =
    isAbsolute(name) || name.includes("/")
      ? [name]
      : path.split(delimiter).map((dir) => join(dir || ".", name));
  for (const place of places) {
    try {
      await access(place, constants.X_OK);
      if ((await stat(place)).isFile()) return await realpath(place);
    } catch {
      // not there, or not ours to run: the next place
    }
  }
  return null;
}

/** The first version-like word of a program's answer. */
export function readVersion(output: string): string {
  return /\d+(?:\.\d+)+[\w.+-]*/.exec(output)?.[0].slice(0, 80) ?? "unknown";
}

/** Asks agents for their version, once per file: the answer holds until the program is replaced. */
export function makeVersionReader(): (program: string) => Promise<string | null> {
  const known = new Map<string, string>();
  return async (program) => {
    const file = await findProgram(program);
    if (file === null) return null;
    const { mtimeMs } = await stat(file);
    const key = `${file} ${mtimeMs}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const result = await run({
      argv: [file, "--version"],
      timeoutMs: VERSION_TIMEOUT_MS,
      maxOutputBytes: 4_096,
    });
    const version =
      result.status === "exited" ? readVersion(`${result.stdout}\n${result.stderr}`) : "unknown";
    known.set(key, version);
    return version;
  };
}

export type HostInfoDeps = {
  config: Pick<AgentConfig, "agents" | "workspaces">;
  readVersion: (program: string) => Promise<string | null>;
  tmuxVersion: string | null;
  problems: string[];
  claudeHook?: HostInfo["claude_hook"];
};

/** What the daemon says of its machine. */
export async function readHostInfo(deps: HostInfoDeps): Promise<HostInfo> {
  const { acp, ...programs } = deps.config.agents;
  const found = await Promise.all(
    Object.entries(programs).map(async ([name, program]) => [name, await deps.readVersion(program)] as const),
  );
  // Their versions are not asked for: what such a command does with --version is not known.
  const speakers = await Promise.all(
    Object.entries(acp).map(async ([name, [program]]) =>
      (await findProgram(program)) === null ? [] : [name],
    ),
  );
  return {
    hostname: hostname().slice(0, 200),
    os: `${platform()} ${release()}`.slice(0, 100),
    arch: arch(),
    agent_version: VERSION,
    node_version: process.versions.node,
    ...(deps.claudeHook === undefined ? {} : { claude_hook: deps.claudeHook }),
    tmux_version: deps.tmuxVersion?.slice(0, 40) ?? null,
    agents: Object.fromEntries(
      found.flatMap(([name, version]) => (version === null ? [] : [[name, version]])),
    ),
    acp: speakers.flat().toSorted().slice(0, 50),
    workspaces: deps.config.workspaces.slice(0, 100),
    problems: deps.problems.map((problem) => problem.slice(0, 500)).slice(0, 20),
  };
}
