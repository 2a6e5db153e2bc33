import { realpath, stat } from "node:fs/promises";
import { isWithin } from "./isWithin.ts";
import type { Secrets } from "./secretPlaces.ts";
import { shown } from "./toolResult.ts";

export type RootRules = {
  /** Directories that sessions may work in, and below. */
  workspaces: readonly string[];
  worktreesDir: string;
  /** Where the host's sessions work now; each of them is a root itself, and what is below it is not. */
  sessionDirectories: () => readonly string[];
  closed: readonly string[];
  secrets: Secrets;
};

export type AllowedRoot = { ok: true; root: string } | { ok: false; message: string };

/** Whether tools may work in a directory; gives it back without symbolic links, or a sentence. */
export async function allowedRoot(rules: RootRules, root: string): Promise<AllowedRoot> {
  const real = await realOrNull(root);
  if (real === null) return { ok: false, message: `There is no directory ${shown(root)} on this host.` };
  const no = (message: string): AllowedRoot => ({ ok: false, message });
  if (rules.closed.some((each) => isWithin(each, real))) {
    return no(`${shown(root)} belongs to the daemon itself and is no workspace.`);
  }
  if (rules.secrets.holds(real)) return no(`${shown(root)} is a place of secrets and is no workspace.`);
  if (!(await isDirectory(real))) return no(`${shown(root)} is not a directory.`);
  const parents = await Promise.all([...rules.workspaces, rules.worktreesDir].map(realOrNull));
  if (parents.some((each) => each !== null && isWithin(each, real))) return { ok: true, root: real };
  // A pane that stands in / does not open the whole machine.
  const sessions = await Promise.all([...new Set(rules.sessionDirectories())].map(realOrNull));
  if (real !== "/" && sessions.includes(real)) return { ok: true, root: real };
  const known = rules.workspaces.length === 0 ? "none" : rules.workspaces.slice(0, 10).map(shown).join(", ");
  return no(
    `${shown(root)} is not a workspace of this host, a worktree of ours, or the directory of a session. Workspaces: ${known}. Choose one of them, or add it to \`workspaces\` in agent.yaml.`,
  );
}

async function realOrNull(path: string): Promise<string | null> {
  if (!path.startsWith("/") || path.includes("\0")) return null;
  try {
    return await realpath(path);
  } catch {
    return null; // not there, or not ours to see
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // gone since
  }
}
