import { agentFiles, readAgentStatus } from "./agentStatus.ts";
import type { AgentStatus } from "./agentStatus.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";
import { EXIT } from "./system/exitCodes.ts";
import { takeLock } from "./system/lock.ts";
import type { Lock } from "./system/lock.ts";
import { Sentence, say } from "./system/Sentence.ts";

/** Takes a state directory for this daemon alone. Throws a sentence when it cannot be written or is in use. */
export function openState(stateDir: string): { store: Store; close(): void } {
  const files = agentFiles(stateDir);
  let lock: Lock | null;
  try {
    lock = takeLock(files.lock);
  } catch (error) {
    throw unusable(stateDir, error);
  }
  if (lock === null) throw alreadyRuns(stateDir, readAgentStatus(stateDir)?.status ?? null);
  try {
    const store = openStore(files.database);
    return {
      store,
      close() {
        store.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw isDamaged(error) ? damaged(files.database, error) : unusable(stateDir, error);
  }
}

/** What a second daemon says of the first. */
export function alreadyRuns(stateDir: string, holder: Pick<AgentStatus, "pid" | "url"> | null): Sentence {
  const who = holder === null ? "" : ` (process ${holder.pid}, for ${holder.url})`;
  return new Sentence(`A daemon already runs on the state directory ${stateDir}${who}.`, EXIT.alreadyRunning);
}

function unusable(stateDir: string, error: unknown): Sentence {
  return new Sentence(
    `The state directory ${stateDir} cannot be written: ${say(error)}. Set state_dir in agent.yaml to a directory of yours.`,
  );
}

/** SQLite's codes for a file that is broken, or no database at all. */
function isDamaged(error: unknown): boolean {
  return (
    error instanceof Error &&
    "errcode" in error &&
    typeof error.errcode === "number" &&
    [11, 26].includes(error.errcode & 0xff)
  );
}

function damaged(path: string, error: unknown): Sentence {
  return new Sentence(
    `The journal ${path} is damaged (${say(error)}). Move it away; the daemon then begins a new one.`,
  );
}
