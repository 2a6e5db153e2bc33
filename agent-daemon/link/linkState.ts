import { closeName } from "../../protocol/closeCodes.ts";
import { PING_INTERVAL_MS, PROTOCOL_VERSION, SILENCE_LIMIT_MS } from "../../protocol/limits.ts";

/** First delay after a lost connection; it doubles … */
export const RETRY_FIRST_MS = 250;
/** … up to this. */
export const RETRY_MOST_MS = 15_000;
/** The delay after a refusal that only a person can end (a revoked token). */
export const RETRY_REFUSED_MS = 60_000;
/** An attempt that is not open after this long is given up. */
export const OPEN_LIMIT_MS = 10_000;
/** A hello that is not answered after this long is given up. */
export const WELCOME_LIMIT_MS = 10_000;
/** After a wake or a change of network an answer must come this soon, or the socket counts as dead. */
export const PROBE_LIMIT_MS = 3_000;
/** Messages without any ack for this long: the edge answers pings but does not commit; a new socket heals that. */
export const ACK_LIMIT_MS = 60_000;
/** A connection that held this long proves that the way is good: the next delay is short again. */
export const STEADY_MS = 5_000;
/** A socket we gave up may still reach the edge and replace our next one; within this time that is no other daemon. */
export const ABANDONED_MS = 60_000;

/** Why the link does not work now, for logs and `status`. */
export type LinkProblem = { code: string; message: string };

export type LinkPhase =
  | { name: "waiting"; until: number }
  | { name: "connecting"; until: number }
  | { name: "greeting"; until: number }
  | {
      name: "online";
      since: number;
      heard: number;
      pingAt: number;
      /** An answer must come before this, after a wake. */
      probe: number | null;
      /** Since when messages are on the way without an ack. */
      unackedSince: number | null;
    }
  | { name: "stopped"; why: "asked" | "replaced" | "version" };

export type LinkState = {
  phase: LinkPhase;
  /** Attempts since the last steady connection. */
  attempt: number;
  problem: LinkProblem | null;
  /** When a socket was last given up without the edge having closed it. */
  abandonedAt: number | null;
};

export type LinkEvent =
  | { type: "start" }
  /** Time passed. */
  | { type: "tick" }
  | { type: "opened" }
  /** Anything came. */
  | { type: "heard" }
  | { type: "welcomed"; version: number }
  /** Messages were sent, or acked; `unacked`: some are still on the way. */
  | { type: "flow"; unacked: boolean; progress: boolean }
  | { type: "closed"; code: number; reason: string }
  /** There is no token to connect with. */
  | { type: "no_token"; message: string }
  | { type: "woke" }
  | { type: "network" }
  /** The token is another one. */
  | { type: "token" }
  | { type: "stop" };

export type LinkEffect =
  | { do: "open" }
  | { do: "hello" }
  | { do: "ping" }
  /** Forget the current socket, closing it if it still listens. */
  | { do: "abandon"; reason: string }
  | { do: "online" }
  | { do: "stopped" };

export type Step = { state: LinkState; effects: LinkEffect[] };
/** `random`: 0 ≤ random < 1, for the jitter. */
export type Moment = { now: number; random: number };

export const INITIAL_LINK: LinkState = {
  phase: { name: "waiting", until: Number.POSITIVE_INFINITY },
  attempt: 0,
  problem: null,
  abandonedAt: null,
};

/** The link's state machine: what an event changes, and what is to be done about it. Pure. */
export function stepLink(state: LinkState, event: LinkEvent, moment: Moment): Step {
  const { phase } = state;
  if (phase.name === "stopped") return stay(state);
  switch (event.type) {
    case "start":
      return phase.name === "waiting" ? connect(state, moment) : stay(state);
    case "tick":
      return tick(state, moment);
    case "opened":
      if (phase.name !== "connecting") return stay(state);
      return {
        state: { ...state, phase: { name: "greeting", until: moment.now + WELCOME_LIMIT_MS } },
        effects: [{ do: "hello" }],
      };
    case "heard":
      return phase.name === "online"
        ? stay(withPhase(state, { ...phase, heard: moment.now, probe: null }))
        : stay(state);
    case "welcomed":
      return welcomed(state, event.version, moment);
    case "flow": {
      if (phase.name !== "online") return stay(state);
      const since = !event.unacked ? null : event.progress ? moment.now : (phase.unackedSince ?? moment.now);
      return stay(withPhase(state, { ...phase, unackedSince: since }));
    }
    case "closed":
      return closed(state, event.code, event.reason, moment);
    case "no_token":
      return retry(state, { code: "no_token", message: event.message }, moment, RETRY_REFUSED_MS);
    case "woke":
    case "network":
      return changed(state, moment);
    case "token":
      // A connection that holds was made with a token that is good.
      return phase.name === "waiting" && Number.isFinite(phase.until)
        ? connect({ ...state, attempt: 0 }, moment)
        : stay(state);
    case "stop":
      return {
        state: withPhase(state, { name: "stopped", why: "asked" }),
        effects: [{ do: "abandon", reason: "The daemon stops." }],
      };
  }
}

/** When the next `tick` is due; null when only something else can change the state. */
export function nextTick({ phase }: LinkState): number | null {
  switch (phase.name) {
    case "waiting":
    case "connecting":
    case "greeting":
      return Number.isFinite(phase.until) ? phase.until : null;
    case "online":
      return Math.min(
        phase.pingAt,
        phase.heard + SILENCE_LIMIT_MS,
        phase.probe ?? Number.POSITIVE_INFINITY,
        phase.unackedSince === null ? Number.POSITIVE_INFINITY : phase.unackedSince + ACK_LIMIT_MS,
      );
    case "stopped":
      return null;
  }
}

function stay(state: LinkState): Step {
  return { state, effects: [] };
}

function withPhase(state: LinkState, phase: LinkPhase): LinkState {
  return { ...state, phase };
}

function connect(state: LinkState, { now }: Moment): Step {
  return {
    state: {
      ...state,
      attempt: state.attempt + 1,
      phase: { name: "connecting", until: now + OPEN_LIMIT_MS },
    },
    effects: [{ do: "open" }],
  };
}

/** Waits for the next attempt: a doubling delay of which half is left to chance, so that daemons do not come back at once. */
function retry(state: LinkState, problem: LinkProblem | null, moment: Moment, atLeast = 0): Step {
  const steady = state.phase.name === "online" && moment.now - state.phase.since >= STEADY_MS;
  const attempt = steady ? 0 : state.attempt;
  const most = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 16));
  const delay = Math.max(atLeast, most * (0.5 + moment.random / 2));
  return {
    state: { ...state, attempt, problem, phase: { name: "waiting", until: moment.now + delay } },
    effects: [],
  };
}

/** Gives up a socket that the edge has not closed. */
function abandon(state: LinkState, problem: LinkProblem, moment: Moment): Step {
  const { state: next } = retry(state, problem, moment);
  return {
    state: { ...next, abandonedAt: moment.now },
    effects: [{ do: "abandon", reason: problem.message }],
  };
}

function tick(state: LinkState, moment: Moment): Step {
  const { phase } = state;
  const { now } = moment;
  switch (phase.name) {
    case "waiting":
      return now >= phase.until ? connect(state, moment) : stay(state);
    case "connecting":
      if (now < phase.until) return stay(state);
      return abandon(state, { code: "unreachable", message: "The edge did not answer." }, moment);
    case "greeting":
      if (now < phase.until) return stay(state);
      return abandon(state, { code: "no_welcome", message: "The edge did not welcome the daemon." }, moment);
    case "online":
      if (now - phase.heard >= SILENCE_LIMIT_MS || (phase.probe !== null && now >= phase.probe)) {
        return abandon(state, { code: "silent", message: "Nothing came from the edge." }, moment);
      }
      if (phase.unackedSince !== null && now - phase.unackedSince >= ACK_LIMIT_MS) {
        return abandon(state, { code: "no_ack", message: "The edge did not ack what was sent." }, moment);
      }
      if (now < phase.pingAt) return stay(state);
      return {
        state: withPhase(state, { ...phase, pingAt: now + PING_INTERVAL_MS }),
        effects: [{ do: "ping" }],
      };
    case "stopped":
      return stay(state);
  }
}

function welcomed(state: LinkState, version: number, { now }: Moment): Step {
  if (state.phase.name !== "greeting") return stay(state);
  if (version !== PROTOCOL_VERSION) {
    const { state: next, effects } = stopForVersion(state, `It speaks version ${version}.`);
    return {
      state: next,
      effects: [{ do: "abandon", reason: "Another version of the protocol." }, ...effects],
    };
  }
  return {
    state: {
      ...state,
      problem: null,
      phase: {
        name: "online",
        since: now,
        heard: now,
        pingAt: now + PING_INTERVAL_MS,
        probe: null,
        unackedSince: null,
      },
    },
    effects: [{ do: "online" }],
  };
}

function stopForVersion(state: LinkState, detail: string): Step {
  return {
    state: {
      ...state,
      phase: { name: "stopped", why: "version" },
      problem: {
        code: "version",
        message: `The edge speaks another version of the protocol than this daemon (${PROTOCOL_VERSION}). ${detail} Update the daemon: run its install line again.`,
      },
    },
    effects: [{ do: "stopped" }],
  };
}

function closed(state: LinkState, code: number, reason: string, moment: Moment): Step {
  if (state.phase.name === "waiting") return stay(state);
  const said = reason === "" ? "" : ` The edge says: ${reason}`;
  switch (closeName(code)) {
    case "replaced": {
      const ours = state.abandonedAt !== null && moment.now - state.abandonedAt < ABANDONED_MS;
      const problem = {
        code: "replaced",
        message: `Another daemon with the same identity took over.${said}`,
      };
      if (ours) return retry({ ...state, abandonedAt: null }, problem, moment);
      return {
        state: { ...state, problem, phase: { name: "stopped", why: "replaced" } },
        effects: [{ do: "stopped" }],
      };
    }
    case "version":
      return stopForVersion(state, said.trim());
    case "unauthenticated":
    case "forbidden":
    case "notFound":
      return retry(
        state,
        {
          code: "refused",
          message: `The edge refuses this host's token.${said} Make a new code on the hosts page, then run: signalbox connect --code CODE`,
        },
        moment,
        RETRY_REFUSED_MS,
      );
    default: {
      const lost =
        state.phase.name === "connecting"
          ? "The edge cannot be reached"
          : "The connection to the edge was lost";
      return retry(
        state,
        { code: closeName(code) ?? "disconnected", message: `${lost} (${code}).${said}` },
        moment,
      );
    }
  }
}

/** The machine woke, or its network is another: what waits tries at once, what is online must prove it. */
function changed(state: LinkState, moment: Moment): Step {
  const { phase } = state;
  switch (phase.name) {
    case "waiting":
      // Before the start, and after a refusal, a new network changes nothing.
      if (
        !Number.isFinite(phase.until) ||
        state.problem?.code === "refused" ||
        state.problem?.code === "no_token"
      )
        return stay(state);
      return connect({ ...state, attempt: 0 }, moment);
    case "connecting":
    case "greeting":
      // The attempt may go out on a network that is gone: it gets a short time to prove otherwise.
      return stay(
        withPhase(
          { ...state, attempt: 0 },
          { ...phase, until: Math.min(phase.until, moment.now + PROBE_LIMIT_MS) },
        ),
      );
    case "online":
      return {
        state: withPhase(state, {
          ...phase,
          pingAt: moment.now + PING_INTERVAL_MS,
          probe: phase.probe ?? moment.now + PROBE_LIMIT_MS,
        }),
        effects: [{ do: "ping" }],
      };
    case "stopped":
      return stay(state);
  }
}
