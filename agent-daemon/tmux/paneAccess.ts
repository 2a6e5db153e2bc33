import type { Log } from "../parts.ts";
import { attachPane } from "./attachPane.ts";
import { resizePane } from "./commands/resizePane.ts";
import { pasteText, typeBytes } from "./commands/typeText.ts";
import type { LivePane } from "./livePane.ts";
import { pipeDirectory, type PanePipe, type PipeDirectory } from "./panePipe.ts";
import { Ring } from "./ring.ts";
import { readScreen, screenCommands } from "./screen.ts";
import type { SessionRecords } from "./sessionRecords.ts";
import { takeTurns } from "./takeTurns.ts";
import type { Attachment, AttachOptions, AttachResult, PaneAccess, TypeResult } from "./tmuxPart.ts";
import type { PaneWatch } from "./watchPanes.ts";

export type PaneAccessPart = {
  panes: PaneAccess;
  /** The newest output of a pane that is watched. */
  ring(session: string): Ring | undefined;
  /** Runs what types into a pane after what was begun before. `detour`: it does not write its commands at once. */
  inOrder(session: string, work: () => Promise<TypeResult>, detour?: boolean): Promise<TypeResult>;
  problems(): string[];
  stop(): Promise<void>;
};

type Attached = { pipe: PanePipe; attachment: Attachment; onLost: (reason: string) => void };

/** How often it is checked that pipes still carry bytes. */
const CHECK_MS = 2_000;
const GONE = { ok: false, reason: "The pane is gone." } as const;

/** Lets consoles read and type. */
export function startPaneAccess(deps: {
  /** Where FIFOs are kept. */
  directory: string;
  records: SessionRecords;
  watch: PaneWatch;
  log: Log;
}): PaneAccessPart {
  const { watch, records } = deps;
  const attached = new Map<string, Attached>();
  const rings = new Map<string, Ring>();
  /** The pipe that each pane carries. */
  const current = new Map<string, PanePipe>();
  const queues = new Map<string, Promise<unknown>>();
  /** Attaching to a pane and letting go of it: neither may act on what the other is just changing. */
  const inTurn = takeTurns();
  const problems: string[] = [];
  const pipes = openPipes(deps.directory, problems);

  const checks = setInterval(() => {
    for (const { pipe, onLost } of attached.values()) {
      if (pipe.alive() === false) onLost("somebody else took the pane's pipe");
    }
  }, CHECK_MS);
  checks.unref();

  const inOrder: PaneAccessPart["inOrder"] = (session, work, detour = false) => {
    const before = queues.get(session);
    // What types writes its commands at once and so keeps its order; only what takes a detour makes others wait.
    if (before === undefined && !detour) return work();
    const result = before === undefined ? work() : before.then(work, work);
    const tail = result.finally(() => {
      if (queues.get(session) === tail) queues.delete(session);
    });
    queues.set(session, tail);
    return result;
  };

  const onPane = (session: string, work: (pane: LivePane) => Promise<TypeResult>): Promise<TypeResult> => {
    const pane = watch.live(session);
    return pane === undefined ? Promise.resolve(GONE) : work(pane);
  };

  const attach = async (session: string, options: AttachOptions): Promise<AttachResult> => {
    const pane = watch.live(session);
    if (pane === undefined) return { status: "gone", reason: GONE.reason };
    if (pipes === null) return { status: "failed", reason: problems[0] ?? "there is no place for pipes" };
    const ring = rings.get(session) ?? new Ring();
    const result = await attachPane({
      pane: pane.row.pane,
      send: pane.send,
      pipes,
      ring,
      options,
      onPiped(pipe) {
        attached.get(session)?.pipe.close();
        rings.set(session, ring);
        current.set(session, pipe);
      },
      isCurrent: (pipe) => current.get(session) === pipe,
    });
    if (result.status !== "attached") return result;
    const pipe = current.get(session);
    if (pipe === undefined) return { status: "failed", reason: "the daemon stops" };
    const { attachment } = result;
    const own: Attached = {
      pipe,
      onLost: options.onLost,
      attachment: {
        ...attachment,
        close: () =>
          inTurn(session, async () => {
            if (attached.get(session) === own) {
              attached.delete(session);
              rings.delete(session);
            }
            await attachment.close();
            if (current.get(session) === pipe) current.delete(session);
          }),
      },
    };
    attached.set(session, own);
    return { status: "attached", attachment: own.attachment };
  };

  const panes: PaneAccess = {
    paneState(session) {
      const record = records.get(session);
      if (record === undefined) return { state: "unknown" };
      if (record.endedAt !== null) return { state: "ended", reason: record.endReason ?? "It has ended." };
      return watch.live(session) === undefined ? { state: "starting" } : { state: "live" };
    },
    listen: watch.listen,
    attach: (session, options) => inTurn(session, () => attach(session, options)),
    async capture(session, options) {
      const pane = watch.live(session);
      if (pane === undefined) return GONE;
      const reply = await pane.send(screenCommands(pane.row.pane, options));
      if (!reply.ok) return { ok: false, reason: reply.error };
      const screen = readScreen(reply.outputs);
      return screen === null
        ? { ok: false, reason: "tmux's answer could not be read" }
        : { ok: true, screen };
    },
    type: (session, bytes) => onPane(session, (pane) => inOrder(session, () => typeBytes(pane, bytes))),
    paste: (session, text) => onPane(session, (pane) => inOrder(session, () => pasteText(pane, text), true)),
    fit: (session, cols, rows) =>
      onPane(session, async (pane) => {
        if (pane.row.cols === cols && pane.row.rows === rows) return { ok: true };
        const result = await resizePane(pane, { cols, rows }, { yield: true });
        if (result.ok && result.changed) watch.resized(session, cols, rows);
        return result;
      }),
  };
  return {
    panes,
    ring: (session) => rings.get(session),
    inOrder,
    problems: () => problems,
    async stop() {
      clearInterval(checks);
      await Promise.all([...attached.values()].map(({ attachment }) => attachment.close()));
    },
  };
}

function openPipes(directory: string, problems: string[]): PipeDirectory | null {
  try {
    return pipeDirectory(directory);
  } catch (error) {
    problems.push(`${directory} cannot be used (${String(error)}), so consoles show snapshots only.`);
    return null;
  }
}
