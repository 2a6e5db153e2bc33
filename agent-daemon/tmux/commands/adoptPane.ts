import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import { SessionId } from "../../../protocol/ids.ts";
import { failed } from "../../parts.ts";
import { paneAddress } from "../paneFacts.ts";
import type { SessionRecords } from "../sessionRecords.ts";
import { namedSocket } from "../sockets.ts";
import type { PaneWatch } from "../watchPanes.ts";

export type AdoptDeps = { env: NodeJS.ProcessEnv; records: SessionRecords; watch: PaneWatch };

/** Makes a session of a pane. Doing it twice gives the same session. */
export async function adoptPane(
  deps: AdoptDeps,
  command: CommandOf<"adopt">,
  session: string,
): Promise<CommandResult> {
  const { watch, records } = deps;
  if (!SessionId.safeParse(session).success)
    return failed("bad_session", `${session} is not the id of a session.`);
  const path = namedSocket(command.socket, deps.env)?.path;
  const taken = [...records.all()].find(
    (record) => record.endedAt === null && record.socket === path && record.key?.pane === command.pane,
  );
  if (taken === undefined || taken.session !== session) {
    await watch.refresh();
    const pane = watch.free().find((free) => free.socket === path && free.row.pane === command.pane);
    if (pane === undefined) {
      return taken !== undefined && watch.live(taken.session) !== undefined
        ? failed("already_adopted", "This pane is a session already.", [taken.session])
        : failed("no_such_pane", `There is no pane ${command.pane} on ${command.socket}.`);
    }
    if (records.get(session) !== undefined) return failed("bad_session", "This session has a pane already.");
    if (!(await watch.adopt(pane, session))) return failed("journal_full", "The host's journal is full.");
  }
  const live = watch.live(session);
  if (live === undefined) return failed("no_such_pane", "The pane has just gone.");
  const address = paneAddress(live.server.name, live.row);
  return { status: "done", value: { type: "pane", session, pane: address, worktree: live.record.worktree } };
}
