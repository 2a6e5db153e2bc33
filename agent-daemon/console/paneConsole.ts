import {
  CONSOLE,
  decodeConsole,
  decodeU32,
  encodeConsole,
  encodeNote,
  encodeSnapshot,
} from "../../protocol/consoleFrames.ts";
import type { ConsoleNote } from "../../protocol/consoleFrames.ts";
import { CONSOLE_WINDOW_BYTES, MAX_FRAME_BYTES } from "../../protocol/limits.ts";
import type { Log } from "../parts.ts";
import type { Attachment, PaneAccess, PaneNews, Screen } from "../tmux/tmuxPart.ts";
import { FlowControl } from "./flowControl.ts";
import { OutputBuffer } from "./outputBuffer.ts";
import { OUTPUT_FRAME_BYTES, pace } from "./pacing.ts";
import { startScreenPolling, type ScreenPolling } from "./screenPolling.ts";
import { viewerInput } from "./viewerInput.ts";

export type PaneConsole = {
  /** A frame came from the session's object. */
  receive(frame: Uint8Array): void;
  /** The connection is gone: nobody looks on until viewers join again. */
  reset(): void;
  stop(): Promise<void>;
};

export type PaneConsoleDeps = {
  session: string;
  tmux: PaneAccess;
  send: (frame: Uint8Array) => boolean;
  log: Log;
};

/** Output held back for want of credit; beyond it, it is dropped and a snapshot takes its place. */
export const HOLD_BYTES = 256 * 1024;
/**
 * A viewer that answers this quickly is given a moment before anything is dropped: reading stops, and tmux keeps what
 * comes (a megabyte or two at worst).
 */
const NEAR_MS = 25;
const PAUSE_MS = 150;
/** A viewer that falls out of step again and again gets snapshots no more often than this. */
const RESYNC_MS = 100;
/** The same while others are in step, for whom each snapshot of one is an interruption. */
const RESYNC_AMONG_OTHERS_MS = 500;
/** What failed is tried again after this. */
const RETRY_MS = 1_000;
/** What a program printed last is still on its way when its end is known: nothing must have come for this long … */
const LAST_WORDS_MS = 100;
/** … but longer than this it is not waited for. */
const LAST_WORDS_MOST_MS = 1_000;
/** Room for a snapshot's head in a frame. */
const MAX_SNAPSHOT_BYTES = MAX_FRAME_BYTES - 1024;

type End = Extract<PaneNews, { type: "ended" }>;

/** Shows one pane to the viewers of its session, and types for them. */
export function startPaneConsole(deps: PaneConsoleDeps): PaneConsole {
  const { session, tmux, log } = deps;
  const flow = new FlowControl(CONSOLE_WINDOW_BYTES);
  const output = new OutputBuffer();
  let attachment: Attachment | null = null;
  let screen: Screen | null = null;
  /** Attaching happens one at a time; a wish that comes meanwhile is met after it. */
  let attaching: Promise<void> | null = null;
  let wanted = false;
  let stopped = false;
  let lastSentAt = Number.NEGATIVE_INFINITY;
  let lastBytes = 0;
  let gathering: NodeJS.Timeout | undefined;
  let pausing: NodeJS.Timeout | undefined;
  let resyncing: NodeJS.Timeout | undefined;
  let heardAt = Number.NEGATIVE_INFINITY;
  let resyncedAt = Number.NEGATIVE_INFINITY;
  let polling: ScreenPolling | null = null;
  /** Viewers that know why they see snapshots. */
  const told = new Set<number>();

  const note = (viewer: number, value: ConsoleNote) =>
    deps.send(encodeConsole(CONSOLE.note, viewer, encodeNote(value)));
  const noteAll = (value: ConsoleNote) => {
    for (const viewer of flow.viewers) note(viewer, value);
  };
  const refuse = (viewer: number, reason: string) => {
    if (!stopped) note(viewer, { state: "refused", reason });
  };
  const input = viewerInput({ session, tmux, refuse });
  const leave = (viewers: readonly number[]) => {
    for (const viewer of viewers) deps.send(encodeConsole(CONSOLE.leave, viewer));
  };

  // --- output ---

  const onData = (bytes: Buffer) => {
    heardAt = performance.now();
    output.add(bytes);
    pump();
    if (output.bytes <= HOLD_BYTES || pausing !== undefined) return;
    // Who is near and draws quickly has only been held up. Who is far would be sent the past for as long as it pours.
    if (flow.delay > NEAR_MS) drop();
    else {
      attachment?.pause();
      pausing = setTimeout(drop, PAUSE_MS);
    }
  };

  const resume = () => {
    if (pausing === undefined || output.bytes > HOLD_BYTES / 2) return;
    clearTimeout(pausing);
    pausing = undefined;
    attachment?.resume();
  };

  const pump = () => {
    clearTimeout(gathering);
    for (;;) {
      const next = pace({
        pending: output.bytes,
        room: flow.room(),
        unseen: flow.unseen() ?? 0,
        sinceLastMs: performance.now() - lastSentAt,
        lastBytes,
      });
      if ("send" in next) sendOutput(next.send);
      else {
        if (next.wait === "time") gathering = setTimeout(pump, next.ms);
        resume();
        return;
      }
    }
  };

  const sendOutput = (bytes: number) => {
    leave(flow.send(bytes, performance.now()));
    deps.send(encodeConsole(CONSOLE.output, 0, output.take(bytes)));
    lastSentAt = performance.now();
    lastBytes = bytes;
  };

  /** Nobody draws as fast as the pane writes: what waits is dropped, and the pane is not read until somebody has room. */
  const drop = () => {
    leave(flow.loseStep());
    void detach();
  };

  const forgetOutput = () => {
    output.clear();
    clearTimeout(gathering);
    clearTimeout(pausing);
    pausing = undefined;
  };

  const detach = async () => {
    const old = attachment;
    attachment = null;
    forgetOutput();
    await old?.close();
  };

  // --- snapshots ---

  /** Makes sure that everybody who can take a snapshot and needs one gets it. */
  const sync = () => {
    if (stopped || flow.wanted === null || polling !== null || tmux.paneState(session).state !== "live")
      return;
    const since = performance.now() - resyncedAt;
    const distance =
      flow.wanted === "fresh" ? 0 : flow.inStep.length > 0 ? RESYNC_AMONG_OTHERS_MS : RESYNC_MS;
    if (since >= distance) attach();
    else {
      clearTimeout(resyncing);
      resyncing = setTimeout(sync, distance - since);
    }
  };

  const attach = () => {
    clearTimeout(resyncing);
    if (attaching !== null) {
      wanted = true;
      return;
    }
    const attempt = async () => {
      let done = false;
      try {
        done = await attachOnce();
      } catch (error) {
        log("error", "a console could not be attached", { session, error: String(error) });
      }
      attaching = null;
      if (stopped || flow.viewers.length === 0) return;
      if (wanted) {
        wanted = false;
        attach();
      } else if (done) sync();
      else if (polling === null) resyncing = setTimeout(attach, RETRY_MS);
    };
    attaching = attempt();
  };

  /** False when it is to be tried again later. */
  const attachOnce = async (): Promise<boolean> => {
    const { state } = tmux.paneState(session);
    if (stopped || flow.viewers.length === 0 || state !== "live") return state !== "live";
    let own: Attachment | null = null;
    const isOurs = () => own !== null && attachment === own && !stopped;
    const result = await tmux.attach(session, {
      history: flow.wanted === "fresh",
      onData(bytes) {
        if (isOurs()) onData(bytes);
      },
      onLost(reason) {
        if (isOurs()) lost(reason);
      },
    });
    if (result.status !== "attached") {
      forgetOutput();
      if (result.status === "gone") {
        // Of an end that is known viewers are told as such.
        if (tmux.paneState(session).state !== "ended") noteAll({ state: "waiting", reason: result.reason });
        return false;
      }
      const reason =
        result.status === "occupied"
          ? "Another program records this pane (pipe-pane), so it is shown as snapshots."
          : `The pane's bytes cannot be had (${result.reason}), so it is shown as snapshots.`;
      log("warn", "a console falls back to snapshots", { session, reason });
      startPolling(reason);
      return true;
    }
    own = result.attachment;
    attachment = own;
    if (stopped || flow.viewers.length === 0) {
      await detach();
      return true;
    }
    resyncedAt = performance.now();
    // What was read before is in the screen already.
    forgetOutput();
    show(own.screen);
    own.start();
    return true;
  };

  /** Sends a screen to everybody who can take it; who cannot is out of step. */
  const show = (shown: Screen) => {
    screen = shown;
    // Who came while a screen without history was read gets the next one.
    const takers = flow.takers().filter(({ fresh }) => shown.hasHistory || !fresh);
    const left = flow.loseStep().filter((viewer) => !takers.some((taker) => taker.viewer === viewer));
    leave(left);
    sendSnapshots(shown, takers);
    lastSentAt = performance.now();
    lastBytes = 0;
  };

  const sendSnapshots = (shown: Screen, takers: readonly { viewer: number; fresh: boolean }[]) => {
    const payloads = new Map<boolean, Uint8Array>();
    for (const { viewer, fresh } of takers) {
      const payload = payloads.get(fresh) ?? snapshotPayload(shown, fresh);
      payloads.set(fresh, payload);
      if (fresh) note(viewer, { state: "live" });
      flow.snapshot(viewer, payload.length, performance.now());
      deps.send(encodeConsole(CONSOLE.snapshot, viewer, payload));
    }
  };

  const snapshotPayload = (shown: Screen, fresh: boolean): Uint8Array => {
    const head = { cols: shown.cols, rows: shown.rows, fresh };
    const bytes = fresh ? shown.fresh() : shown.redraw();
    if (bytes.length <= MAX_SNAPSHOT_BYTES) return encodeSnapshot(head, bytes);
    const alone = Buffer.concat([Buffer.from("\x1bc"), shown.redraw()]);
    if (alone.length <= MAX_SNAPSHOT_BYTES) return encodeSnapshot(head, alone);
    log("warn", "a screen is too large to be shown", { session, bytes: bytes.length });
    return encodeSnapshot(head, Buffer.from("\x1bcThis screen is too large to be shown here.\r\n"));
  };

  const lost = (reason: string) => {
    log("info", "a console lost its pipe", { session, reason });
    leave(flow.loseStep());
    void detach().then(attach);
  };

  // --- a pane whose bytes cannot be had ---

  const startPolling = (reason: string) => {
    stopPolling();
    polling = startScreenPolling({
      session,
      tmux,
      reason,
      wanted: () => flow.wanted,
      show(polled) {
        show(polled);
        for (const viewer of flow.viewers) {
          if (told.has(viewer)) continue;
          told.add(viewer);
          refuse(viewer, reason);
        }
      },
      onRetry() {
        stopPolling();
        attach();
      },
    });
  };

  const stopPolling = () => {
    polling?.stop();
    polling = null;
  };

  // --- what happens to the pane ---

  const onNews = (news: PaneNews) => {
    if (stopped) return;
    if (news.type === "appeared") attach();
    else if (news.type === "resized") {
      if (screen?.cols !== news.cols || screen.rows !== news.rows) attach();
    } else awaitLastWords(news, performance.now());
  };

  const awaitLastWords = (end: End, since: number) => {
    setTimeout(() => {
      const now = performance.now();
      if (now - heardAt < LAST_WORDS_MS && now - since < LAST_WORDS_MOST_MS) awaitLastWords(end, since);
      else ended(end);
    }, LAST_WORDS_MS);
  };

  /** What is left goes out whatever credit there is: it is bounded, and nothing comes after it. */
  const ended = ({ reason, last }: End) => {
    if (stopped) return;
    stopPolling();
    if (pausing === undefined)
      while (output.bytes > 0) sendOutput(Math.min(output.bytes, OUTPUT_FRAME_BYTES));
    else leave(flow.loseStep());
    if (last !== null) sendSnapshots(last, flow.outOfStep());
    noteAll({ state: "ended", reason });
    void detach();
  };

  // --- what viewers do ---

  const joined = (viewer: number) => {
    flow.join(viewer);
    const now = tmux.paneState(session);
    switch (now.state) {
      case "live":
        if (polling === null) attach();
        break;
      case "ended":
        note(viewer, { state: "ended", reason: now.reason });
        break;
      case "starting":
        note(viewer, { state: "waiting", reason: "The pane is being started or cannot be reached." });
        break;
      case "unknown":
        // It may be about to be made: whoever asks for a session likes to look at it at once.
        note(viewer, { state: "waiting", reason: "This host has no terminal for this session." });
    }
  };

  const parted = (viewer: number) => {
    flow.part(viewer);
    told.delete(viewer);
    if (flow.viewers.length === 0) idle();
    else pump();
  };

  /** Nobody watches: nothing is read any more. */
  const idle = () => {
    stopPolling();
    told.clear();
    clearTimeout(resyncing);
    screen = null;
    void detach();
  };

  const receive = (data: Uint8Array) => {
    const frame = decodeConsole(data);
    if (frame === null) {
      refuse(0, "The frame is malformed.");
      return;
    }
    const { type, viewer, payload } = frame;
    if (input.take(type, viewer, payload)) return;
    switch (type) {
      case CONSOLE.credit: {
        const bytes = decodeU32(payload);
        if (bytes === null) {
          refuse(viewer, "The credit is malformed.");
          return;
        }
        flow.credit(viewer, bytes, performance.now());
        pump();
        sync();
        return;
      }
      case CONSOLE.join:
        joined(viewer);
        return;
      case CONSOLE.part:
        parted(viewer);
        return;
      default: // of a newer version: ignored
    }
  };

  const unlisten = tmux.listen(session, onNews);
  return {
    receive,
    reset() {
      flow.clear();
      idle();
    },
    async stop() {
      stopped = true;
      unlisten();
      flow.clear();
      stopPolling();
      clearTimeout(resyncing);
      await attaching;
      await detach();
    },
  };
}
