import type { Answer, Question } from "../../protocol/questions.ts";
import type { HostInfo } from "../../protocol/host.ts";
import { PROTOCOL_VERSION } from "../../protocol/limits.ts";
import type { LinkClientFrame, LinkServerFrame } from "../../protocol/link.ts";
import { failed } from "../parts.ts";
import type { Log } from "../parts.ts";
import type { Clock } from "./clock.ts";
import type { Executor } from "./executor.ts";
import type { Journal } from "./journal.ts";
import type { LiveOutputs } from "./liveOutputs.ts";
import type { SignedRules } from "../../protocol/hostRules.ts";
import { INITIAL_LINK, nextTick, stepLink } from "./linkState.ts";
import type { LinkEffect, LinkEvent, LinkState } from "./linkState.ts";
import { linkUrl } from "./openSocket.ts";
import type { LinkSocket, OpenSocket } from "./openSocket.ts";
import { readServerFrame } from "./readServerFrame.ts";
import { SendWindow } from "./sendWindow.ts";

/** Who opens a console's own socket while somebody watches. */
export type ConsoleWatcher = {
  watch(session: string): void;
  unwatch(session: string): void;
  /** Exactly these are watched (after a connect). */
  watchOnly(sessions: string[]): void;
};

export type LinkDeps = {
  journal: Journal;
  executor: Pick<Executor, "accept" | "cancel" | "refuse">;
  consoles: ConsoleWatcher;
  outputs: Pick<LiveOutputs, "goOnFrom" | "sendAgain" | "sendBy">;
  /** Takes a copy of the rules. */
  rules: { take(copy: SignedRules): void };
  /** Looks up what the edge asks; what goes wrong is an answer, too. */
  answer: (question: Question) => Promise<Answer>;
  /** Address of the edge; asked before every attempt. */
  url: () => string;
  /** The host's token, or why there is none; asked before every attempt, so that a new one is used at once. */
  token: () => { token: string } | { missing: string };
  info: () => HostInfo;
  clock: Clock;
  openSocket: OpenSocket;
  log: Log;
  random?: () => number;
  /** Called after every change of the state. */
  onState?: (state: LinkState) => void;
  /** Called with the host's id and name when the edge welcomes the daemon, before the state says online. */
  onWelcome?: (host: string, name: string) => void;
  /** Called when the edge has lost what it had acked: everything that lives must be told again. */
  onForgotten?: () => void;
};

export type Link = {
  state(): LinkState;
  /** The machine woke, its network changed, or there is another token. */
  nudge(what: "woke" | "network" | "token"): void;
  /** Asks the edge for a fresh copy of the rules, if it is there. */
  wantRules(): void;
  stop(): void;
};

/** Keeps the daemon connected to its host object: sends the journal, passes on commands. */
export function startLink(deps: LinkDeps): Link {
  const { journal, executor, consoles, outputs, clock, log } = deps;
  const random = deps.random ?? Math.random;
  const window = new SendWindow();
  let state = INITIAL_LINK;
  let socket: LinkSocket | null = null;
  let cancelTimer = () => {};
  let pumpQueued = false;

  function dispatch(event: LinkEvent): void {
    const before = state;
    const step = stepLink(state, event, { now: clock.now(), random: random() });
    state = step.state;
    for (const effect of step.effects) perform(effect);
    // An effect may have dispatched an event of its own: then that one has already set the timer.
    if (state === step.state) schedule();
    if (before.phase.name !== state.phase.name) announce(before);
  }

  function isOnline(): boolean {
    return state.phase.name === "online";
  }

  function schedule(): void {
    cancelTimer();
    const at = nextTick(state);
    cancelTimer =
      at === null ? () => {} : clock.after(Math.max(0, at - clock.now()), () => dispatch({ type: "tick" }));
  }

  function announce(before: LinkState): void {
    const { phase, problem, attempt } = state;
    if (phase.name === "online") log("info", "Connected to the edge.", { url: deps.url() });
    else if (phase.name === "stopped" && problem !== null)
      log("error", problem.message, { code: problem.code });
    else if (phase.name === "waiting" && problem !== null) {
      // The first failure, and every change of reason, is worth a line; the attempts between are not.
      const worse = before.phase.name === "online" || attempt <= 1 || before.problem?.code !== problem.code;
      const wait = Math.round(phase.until - clock.now());
      log(worse || problem.code === "refused" ? "warn" : "debug", problem.message, {
        code: problem.code,
        retry_in_ms: wait,
        attempt,
      });
    }
    deps.onState?.(state);
  }

  function perform(effect: LinkEffect): void {
    switch (effect.do) {
      case "open":
        return open();
      case "hello":
        return send({
          type: "hello",
          version: PROTOCOL_VERSION,
          epoch: journal.epoch(),
          acked: journal.acked(),
          info: deps.info(),
        });
      case "ping":
        return sendText("ping");
      case "abandon":
        socket?.abandon(effect.reason);
        socket = null;
        return;
      case "online":
      case "stopped":
        return;
    }
  }

  function open(): void {
    const answer = deps.token();
    if ("missing" in answer) return dispatch({ type: "no_token", message: answer.missing });
    try {
      const opened: LinkSocket = deps.openSocket(linkUrl(deps.url()), answer.token, {
        opened: () => dispatch({ type: "opened" }),
        received: (data) => {
          if (socket === opened) receive(data);
        },
        closed: (code, reason) => {
          if (socket !== opened) return;
          socket = null;
          dispatch({ type: "closed", code, reason });
        },
      });
      socket = opened;
    } catch (error) {
      // An address or a token that no request can be made of.
      dispatch({
        type: "closed",
        code: 1006,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  function send(frame: LinkClientFrame): void {
    sendText(JSON.stringify(frame));
  }

  function sendText(text: string): void {
    try {
      socket?.send(text);
    } catch (error) {
      // The socket is closing; its close event is on the way and decides what follows.
      log("debug", "A frame could not be sent.", { error: String(error) });
    }
  }

  function receive(data: unknown): void {
    dispatch({ type: "heard" });
    const input = readServerFrame(data);
    try {
      switch (input.kind) {
        case "frame":
          return take(input.frame);
        case "pong":
          return;
        case "unknown":
          return log("debug", "The edge said something that this daemon does not know.", {
            type: input.type,
          });
        case "malformed":
          return log("warn", "A frame from the edge was malformed and is ignored.", {
            problem: input.problem,
          });
        case "unreadable_command":
          log("warn", "A command from the edge cannot be read.", {
            id: input.id,
            type: input.type,
            problem: input.problem,
          });
          return executor.refuse(
            input.id,
            input.session,
            failed(
              "not_supported",
              `This host's daemon does not know this command (${input.type}). Update the daemon.`,
            ),
          );
      }
    } catch (error) {
      // One frame must not end the daemon; the edge sends again what it does not get answered.
      log("error", "A frame from the edge could not be handled.", { error: String(error) });
    }
  }

  function take(frame: LinkServerFrame): void {
    switch (frame.type) {
      case "welcome":
        return welcome(frame);
      case "ack":
        return ack(frame.seq);
      case "command":
        return executor.accept({
          id: frame.id,
          session: frame.session,
          command: frame.command,
          ttlMs: frame.ttl_ms,
        });
      case "cancel":
        return executor.cancel(frame.id, frame.session);
      case "watch":
        return consoles.watch(frame.session);
      case "unwatch":
        return consoles.unwatch(frame.session);
      case "output_from":
        return outputs.goOnFrom(frame.id, frame.offset);
      case "ask":
        return ask(frame.id, frame.question);
      case "rules":
        return deps.rules.take(frame);
    }
  }

  /** Answers on the connection that asked; on another one nobody waits for it. */
  function ask(id: string, question: Question): void {
    const asked = socket;
    deps.answer(question).then(
      (answer) => {
        if (socket === asked) send({ type: "answer", id, answer });
      },
      (error: unknown) => log("error", "A question could not be answered.", { error: String(error) }),
    );
  }

  function welcome(frame: Extract<LinkServerFrame, { type: "welcome" }>): void {
    if (state.phase.name !== "greeting") return;
    if (frame.acked > journal.head() || frame.acked < journal.acked()) {
      // The state directory or the edge came back from an older copy: under the old epoch, new messages
      // would be taken for old ones or wait for ever behind ones that are gone.
      log("warn", "The edge and this journal do not agree; the journal begins a new epoch.", {
        edge_acked: frame.acked,
        acked: journal.acked(),
        head: journal.head(),
      });
      const forgotten = frame.acked < journal.acked();
      journal.renew();
      if (forgotten) deps.onForgotten?.();
      socket?.abandon("A new epoch begins.");
      socket = null;
      return dispatch({ type: "closed", code: 1000, reason: "A new epoch begins." });
    }
    journal.ack(frame.acked);
    window.reset(frame.acked, journal.head(), journal.bytes());
    deps.onWelcome?.(frame.host, frame.name);
    dispatch({ type: "welcomed", version: frame.version });
    if (!isOnline()) return;
    send({ type: "want_rules" });
    consoles.watchOnly(frame.watching);
    outputs.sendAgain();
    pump();
  }

  function ack(seq: number): void {
    if (!isOnline()) return;
    if (!window.ack(seq))
      return log("warn", "The edge acked what was never sent.", { seq, sent: window.sent });
    journal.ack(seq);
    dispatch({ type: "flow", unacked: window.unacked, progress: true });
    pump();
  }

  /** Sends what the window allows. */
  function pump(): void {
    pumpQueued = false;
    while (isOnline()) {
      const limit = window.nextFrame();
      if (limit === null) return;
      const items = journal.read(window.sent, limit);
      window.sentItems(items);
      if (items.length === 0) return;
      // The journal holds each message as JSON already.
      sendText(
        `{"type":"messages","messages":[${items.map((item) => `{"seq":${item.seq},"message":${item.json}}`).join(",")}]}`,
      );
      dispatch({ type: "flow", unacked: true, progress: false });
    }
  }

  journal.onPut((head, bytes) => {
    window.put(head, bytes);
    if (pumpQueued || !isOnline()) return;
    pumpQueued = true;
    // After the transaction that put it, and together with what else is put in this turn.
    queueMicrotask(pump);
  });

  outputs.sendBy((piece) => {
    if (!isOnline()) return false;
    send({ type: "output", ...piece });
    return true;
  });

  dispatch({ type: "start" });
  return {
    state: () => state,
    nudge: (what) => dispatch({ type: what }),
    wantRules: () => isOnline() && send({ type: "want_rules" }),
    stop() {
      dispatch({ type: "stop" });
      cancelTimer();
    },
  };
}
