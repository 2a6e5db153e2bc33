import type { Reply } from "./commandChannel.ts";
import { PIPE_MARK, type PanePipe, type PipeDirectory } from "./panePipe.ts";
import type { TmuxCommand } from "./command.ts";
import type { Ring } from "./ring.ts";
import { readScreen, screenCommands } from "./screen.ts";
import type { AttachOptions, AttachResult } from "./tmuxPart.ts";
import { ViewerFilter } from "./viewerFilter.ts";

export type AttachDeps = {
  pane: string;
  /** Runs commands on the pane's own server. */
  send: (commands: readonly TmuxCommand[]) => Promise<Reply>;
  pipes: PipeDirectory;
  ring: Ring;
  options: AttachOptions;
  /** The pipe is on the pane: it takes the place of the one before. */
  onPiped: (pipe: PanePipe) => void;
  /** Whether a pipe is still the one that the pane carries. */
  isCurrent: (pipe: PanePipe) => boolean;
};

/** Reads a pane's screen and everything that is written after it, without a gap and without an overlap. */
export async function attachPane(deps: AttachDeps): Promise<AttachResult> {
  const asked = await deps.send([["display-message", "-p", "-t", deps.pane, `#{pane_pipe}|#{${PIPE_MARK}}`]]);
  if (!asked.ok) return refused(asked.error);
  const [piped, mark = ""] = (asked.outputs[0]?.toString("utf8") ?? "").trim().split("|");
  if (piped === "1" && !deps.pipes.isOurs(mark)) return { status: "occupied" };

  const opened = await deps.pipes.open();
  if (!opened.ok) return { status: "failed", reason: opened.reason };
  const { pipe } = opened;
  const piping = pipe.commands(deps.pane);
  // One line: nothing is written to the pane between the pipe's begin and the capture.
  const reply = await deps.send([...piping, ...screenCommands(deps.pane, deps.options)]);
  const screen = reply.ok ? readScreen(reply.outputs.slice(piping.length)) : null;
  if (screen === null) {
    // Perhaps only the answer was lost: a pipe that nobody reads must not stay.
    if (pipe.alive() !== false) await deps.send(unpiping(deps.pane));
    pipe.close();
    return reply.ok ? { status: "failed", reason: "tmux's answer could not be read" } : refused(reply.error);
  }
  deps.onPiped(pipe);
  deps.ring.begin(screen.start, screen.alternate);
  const filter = new ViewerFilter();
  return {
    status: "attached",
    attachment: {
      screen,
      start() {
        pipe.start(
          (bytes) => {
            if (!deps.isCurrent(pipe)) return;
            deps.ring.add(bytes);
            const shown = filter.push(bytes);
            if (shown.length > 0) deps.options.onData(shown);
          },
          (error) => deps.options.onLost(error.message),
        );
      },
      pause: pipe.pause,
      resume: pipe.resume,
      async close() {
        if (deps.isCurrent(pipe)) {
          deps.ring.lose();
          // When its process has gone, the pipe on the pane (if there is one) is somebody else's by now.
          if (pipe.alive() !== false) await deps.send(unpiping(deps.pane));
        }
        pipe.close();
      },
    },
  };
}

function unpiping(pane: string): TmuxCommand[] {
  return [
    ["pipe-pane", "-t", pane],
    ["set-option", "-p", "-u", "-t", pane, PIPE_MARK],
  ];
}

function refused(error: string): AttachResult {
  return /can't find pane|no such pane/.test(error)
    ? { status: "gone", reason: "The pane is gone." }
    : { status: "failed", reason: error };
}
