import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import type { AgentConfig } from "../config.ts";
import { homeFiles } from "../edge/homeFiles.ts";
import { tokenPath } from "../readToken.ts";
import type { RootRules } from "./allowedRoot.ts";
import { findSecrets } from "./secretPlaces.ts";

/** Where this host lets sessions work, and what it keeps closed, as it is now. */
export async function findRootRules(
  config: AgentConfig,
  sessionDirectories: () => readonly string[],
  home?: string,
): Promise<RootRules> {
  const closed = await daemonFiles(config);
  const secrets = findSecrets(config.secrets, home);
  return {
    workspaces: config.workspaces,
    worktreesDir: config.worktrees_dir,
    sessionDirectories,
    closed,
    secrets,
  };
}

/** The daemon's own files, which hold its token and its journal; in one-machine mode the owner's token, too. */
async function daemonFiles(config: AgentConfig): Promise<string[]> {
  const home = dirname(config.state_dir);
  const own = [
    config.state_dir,
    tokenPath(config),
    ...(existsSync(homeFiles(home).ownerToken) ? [home] : []),
  ];
  const real = await Promise.all(own.map((path) => realpath(path).catch(() => path))); // one that is missing is closed by its name
  return [...new Set([...own, ...real])];
}
