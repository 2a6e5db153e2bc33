import { realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { MAX_WORKFLOW_FILES, type WorkflowListing } from "../../protocol/workflowFiles.ts";
import { listingOf } from "../../worker/workflows/contract/listingOf.ts";
import type { Log, Outlet } from "../parts.ts";
import { allowedRoot, type RootRules } from "../tools/allowedRoot.ts";
import { findScripts, type FoundPath } from "./findScripts.ts";
import { readScript } from "./readScript.ts";

/** How often is looked. It costs some calls of the system for each directory, and reads only what has changed. */
const LOOK_MS = 3_000;
/** Directories that are looked into at most, the home directory first. */
const MOST_ROOTS = 50;
/** Characters of the whole list as JSON: it is one message. */
const MOST_CHARS = 400_000;

export type WatchDeps = {
  rules: () => Promise<RootRules>;
  outlet: Outlet;
  log: Log;
  home?: string;
  lookMs?: number;
};

/**
 * Tells the edge which workflow files lie in the home directory, the workspaces and the directories of sessions: whole,
 * once at the start, and whenever something has changed.
 */
export function watchWorkflows({ rules, outlet, log, home = homedir(), lookMs = LOOK_MS }: WatchDeps): {
  announce(): void;
  stop(): Promise<void>;
} {
  let told: string | null = null;
  /** What each file said of itself, as long as it stays as it was. */
  let known = new Map<string, { stamp: string; listing: WorkflowListing }>();
  let stopped = false;
  let timer: NodeJS.Timeout | null = null;

  async function look(): Promise<void> {
    const bounds = await rules();
    const [own, ...projects] = await rootsOf(bounds, home);
    const seen: typeof known = new Map();
    const items: WorkflowListing[] = [];
    const list = async (root: string, place: WorkflowListing["place"]) => {
      for (const found of await findScripts(root, bounds)) {
        if (items.length > MAX_WORKFLOW_FILES) return;
        items.push(await listed(found, { root, place }, seen));
      }
    };
    for (const root of projects) await list(root, "project");
    if (own !== undefined) await list(own, "home");
    known = seen;
    const fitting = fit(items);
    const text = JSON.stringify(fitting);
    if (stopped || text === told) return;
    // A journal that is full takes it another time.
    if (outlet.put([{ kind: "workflows", items: fitting }])) told = text;
  }

  async function listed(
    { path, problem }: FoundPath,
    at: Pick<WorkflowListing, "root" | "place">,
    seen: typeof known,
  ): Promise<WorkflowListing> {
    const none = { ...at, path, script: null, hash: null };
    if (problem !== null) return listingOf({ ...none, problem });
    const before = known.get(path);
    const read = await readScript(path, before?.stamp);
    if (read.kind === "unreadable") return listingOf({ ...none, problem: read.problem });
    if (read.kind === "same" && before !== undefined) {
      seen.set(path, before);
      return before.listing;
    }
    if (read.kind === "same") return listingOf({ ...none, problem: "It cannot be read." });
    const listing = listingOf({ ...at, path, script: read.script, hash: read.hash, problem: null });
    seen.set(path, { stamp: read.stamp, listing });
    return listing;
  }

  async function run(): Promise<void> {
    try {
      await look();
    } catch (error) {
      log("warn", "workflow files could not be looked at", { error: String(error) });
    }
    if (!stopped) timer = setTimeout(() => (running = run()), lookMs).unref();
  }

  let running = run();
  return {
    announce() {
      told = null;
    },
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}

/** Where is looked: the home directory, then the others that sessions may work in, each once. */
async function rootsOf(rules: RootRules, home: string): Promise<string[]> {
  const own = await realpath(home).catch(() => home); // a home that is not there holds nothing
  const roots = new Set([own]);
  for (const directory of new Set([...rules.workspaces, ...rules.sessionDirectories()])) {
    if (roots.size >= MOST_ROOTS) break;
    const allowed = await allowedRoot(rules, directory);
    if (allowed.ok) roots.add(allowed.root);
  }
  return [...roots];
}

/** As many as fit into one message; the last of them says that there are more. */
function fit(items: WorkflowListing[]): WorkflowListing[] {
  let chars = 0;
  const fitting = items.slice(0, MAX_WORKFLOW_FILES).filter((item) => {
    chars += JSON.stringify(item).length;
    return chars <= MOST_CHARS;
  });
  const last = fitting.at(-1);
  if (last === undefined || fitting.length === items.length) return fitting;
  return [
    ...fitting.slice(0, -1),
    { ...last, problem: "There are more files on this host than can be told." },
  ];
}
