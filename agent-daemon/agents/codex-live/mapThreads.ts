/** A Codex terminal that runs on this machine, in a pane of ours or elsewhere. */
export type CodexProcess = {
  pid: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  cwd: string;
  /** The conversation that its command line names (`codex resume ID`). */
  resumes: string | null;
};

/** A conversation that a terminal may have begun. */
export type OpenThread = {
  id: string;
  cwd: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** Its beginning was seen: every terminal that could have begun it is among the processes. */
  seenBegin: boolean;
  /** It has run in a terminal that is known: no other one has begun it. */
  placed: boolean;
};

/** A terminal begins its conversation within this time, unless a dialog holds it up. */
const BEGIN_MS = 15_000;
/** Where another terminal could have begun it too, what both begin must have shown itself. */
const SETTLE_MS = 5_000;
/** Start times are counted in ticks since the boot; conversations are dated by a clock that is set now and then. */
const CLOCK_ERROR_MS = 300;

/**
 * Which conversation runs in which terminal (its pid): what is known already holds, and the rest is told by directory and
 * time. Where two could be meant there is none: a conversation is never shown beside a wrong terminal.
 */
export function mapThreads(
  processes: readonly CodexProcess[],
  threads: readonly OpenThread[],
  known: ReadonlyMap<number, string>,
  now: number,
): Map<number, string> {
  const threadOf = new Map<number, string>();
  const taken = new Set<string>(known.values());
  const give = (pid: number, thread: string) => {
    threadOf.set(pid, thread);
    taken.add(thread);
  };
  for (const { pid, resumes } of processes) {
    const before = known.get(pid);
    if (before !== undefined) give(pid, before);
    else if (resumes !== null && !taken.has(resumes) && threads.some(({ id }) => id === resumes))
      give(pid, resumes);
  }
  const begins = (thread: OpenThread) => processes.filter((each) => mayHaveBegun(each, thread));
  const free = threads.filter(({ id, placed }) => !placed && !taken.has(id));
  // Beside no other terminal: its conversation, and later the one it went over to.
  for (const { pid } of processes) {
    const own = free
      .filter((thread) => begins(thread).every((each) => each.pid === pid) && begins(thread).length > 0)
      .toSorted((a, b) => a.createdAt - b.createdAt);
    const newest = own.at(-1);
    if (newest === undefined) continue;
    const current = threadOf.get(pid);
    const follows = newest.seenBegin && newest.createdAt > (createdAtOf(current ?? "") ?? 0);
    if (follows || (current === undefined && own.length === 1)) give(pid, newest.id);
  }
  // Beside others: what the only one without a conversation began as it started.
  for (const each of processes) {
    if (threadOf.has(each.pid) || now < each.startedAt + SETTLE_MS) continue;
    const begun = free.filter((thread) => !taken.has(thread.id) && mayHaveBegun(each, thread));
    const [thread] = begun;
    if (thread === undefined || begun.length > 1 || thread.createdAt > each.startedAt + BEGIN_MS) continue;
    const rivals = begins(thread).filter(({ pid }) => pid !== each.pid && !threadOf.has(pid));
    if (rivals.length === 0) give(each.pid, thread.id);
  }
  return threadOf;
}

function mayHaveBegun(by: CodexProcess, thread: OpenThread): boolean {
  return by.cwd === thread.cwd && by.startedAt - CLOCK_ERROR_MS <= thread.createdAt;
}

/** When a conversation began: its id (a UUID of version 7) says so. Null for another kind of id. */
export function createdAtOf(thread: string): number | null {
  const digits = /^([0-9a-f]{8})-([0-9a-f]{4})-7/.exec(thread);
  return digits === null ? null : Number.parseInt(`${digits[1]}${digits[2]}`, 16);
}
