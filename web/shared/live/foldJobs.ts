import { isEnded, needsAttention, type Session, type SessionStatus } from "../../../protocol/session.ts";

/** The sessions of one run or task, shown as one: where they lead, and how they are together. */
export type Fold = {
  key: string;
  title: string;
  href: string;
  sessions: Session[];
  status: SessionStatus;
  /** How many, and what they do. */
  words: string;
};

/** What others start is folded under it; tasks that are over, all of them together. */
function placeOf(session: Session): Pick<Fold, "key" | "title" | "href"> | null {
  const { job } = session;
  if (job === undefined || needsAttention(session)) return null;
  if (job.kind === "run")
    return { key: `run:${job.id}`, title: job.title ?? "A run", href: `/work/runs/${job.id}` };
  if (isEnded(session)) return { key: "tasks", title: "Tasks", href: "/work/tasks" };
  return { key: `task:${job.id}`, title: job.title ?? session.title, href: `/work/tasks?task=${job.id}` };
}

/** Puts the sessions of each run and of each task together; the others, and who waits for a person, stay as they are. */
export function foldJobs<T extends { session: Session }>(list: readonly T[]): { alone: T[]; folds: Fold[] } {
  const alone: T[] = [];
  const places = new Map<string, { place: Pick<Fold, "key" | "title" | "href">; sessions: Session[] }>();
  for (const each of list) {
    const place = placeOf(each.session);
    if (place === null) {
      alone.push(each);
      continue;
    }
    const known = places.get(place.key);
    if (known === undefined) places.set(place.key, { place, sessions: [each.session] });
    else known.sessions.push(each.session);
  }
  const folds = [...places.values()].map(({ place, sessions }) => ({
    ...place,
    sessions,
    ...together(sessions),
  }));
  return { alone, folds };
}

/** In the order in which they count for all of them. */
const ORDER: SessionStatus[] = ["working", "starting", "trouble", "idle", "done"];

function together(sessions: Session[]): Pick<Fold, "status" | "words"> {
  const count = (status: SessionStatus): number => sessions.filter((each) => each.status === status).length;
  const say = (status: SessionStatus, word: string): string =>
    count(status) === 0 ? "" : `, ${count(status)} ${word}`;
  const all = `${sessions.length} agent${sessions.length === 1 ? "" : "s"}`;
  return {
    status: ORDER.find((status) => count(status) > 0) ?? "idle",
    words: all + say("working", "working") + say("trouble", "failed"),
  };
}
