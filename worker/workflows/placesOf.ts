import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import * as z from "zod";
import type { RunStep } from "../../protocol/runs.ts";
import { Session } from "../../protocol/session.ts";
import { hosts, sessions } from "../db/schema.ts";
import type { StepRow } from "./runStore.ts";
import { isSettled } from "./stepMachine.ts";

/** By session: what of a step is known there alone. */
export type Places = Map<string, Pick<RunStep, "waits" | "worktree">>;

/** As much of a host as its index has. */
const Seen = z.object({ presence: z.string() });
const Known = Session.pick({ status: true, status_reason: true, provider: true, worktree: true });

/** What the agents of steps wait for, and the worktrees that they have left. */
export async function placesOf(d1: D1Database, steps: StepRow[]): Promise<Places> {
  const open = new Set<string>();
  const wanted: string[] = [];
  for (const { kind, session, status } of steps) {
    if (kind !== "agent" || session === null) continue;
    wanted.push(session);
    if (!isSettled(status)) open.add(session);
  }
  if (wanted.length === 0) return new Map();
  const rows = await drizzle(d1)
    .select({ id: sessions.id, json: sessions.json, host: hosts.name, seen: hosts.json })
    .from(sessions)
    .leftJoin(hosts, eq(hosts.id, sessions.host))
    .where(sql`${sessions.id} IN (SELECT value FROM json_each(${JSON.stringify(wanted)}))`);
  return new Map(
    rows.flatMap(({ id, json, host, seen }) => {
      const read = Known.safeParse(JSON.parse(json));
      if (!read.success) return []; // of another version
      const { worktree, ...session } = read.data;
      const away = seen === null || Seen.safeParse(JSON.parse(seen)).data?.presence !== "online";
      const place = worktree === null ? null : { path: worktree.path, branch: worktree.branch };
      return [[id, { waits: open.has(id) ? waitsFor(session, away ? host : null) : null, worktree: place }]];
    }),
  );
}

/** `away`: the name of its host, while that is not there. */
function waitsFor(
  { status, status_reason, provider }: Omit<z.infer<typeof Known>, "worktree">,
  away: string | null,
): string | null {
  if (status === "waiting") return `Waits for you: ${status_reason ?? "a decision"}.`;
  if (away === null) return null;
  if (status === "starting" && provider !== "edge") return `Waits for the host ${away}, which is offline.`;
  return status === "working" ? `Its host ${away} is offline.` : null;
}
