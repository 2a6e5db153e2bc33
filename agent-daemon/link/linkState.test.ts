import { describe, test } from "vitest";
import { CLOSE } from "../../protocol/closeCodes.ts";
import { PING_INTERVAL_MS, PROTOCOL_VERSION, SILENCE_LIMIT_MS } from "../../protocol/limits.ts";
import {
  ABANDONED_MS,
  ACK_LIMIT_MS,
  INITIAL_LINK,
  OPEN_LIMIT_MS,
  PROBE_LIMIT_MS,
  RETRY_FIRST_MS,
  RETRY_MOST_MS,
  RETRY_REFUSED_MS,
  STEADY_MS,
  WELCOME_LIMIT_MS,
  nextTick,
  stepLink,
} from "./linkState.ts";
import type { LinkEvent, LinkState } from "./linkState.ts";

/** Drives the machine with a clock of its own. */
function machine(random = 0.5) {
  let state: LinkState = INITIAL_LINK;
  let now = 0;
  const effects: string[] = [];
  const send = (event: LinkEvent) => {
    const step = stepLink(state, event, { now, random });
    state = step.state;
    effects.push(...step.effects.map((effect) => effect.do));
  };
  const pass = (ms: number) => {
    const end = now + ms;
    for (let at = nextTick(state); at !== null && at <= end; at = nextTick(state)) {
      now = Math.max(now, at);
      send({ type: "tick" });
    }
    now = end;
  };
  const wait = () => (state.phase.name === "waiting" ? state.phase.until - now : null);
  return {
    send,
    get state() {
      return state;
    },
    /** Effects since the last look. */
    effects: () => effects.splice(0),
    /** Lets time pass, ticking when a tick is due. */
    pass,
    wait,
    /** Waits just until the next attempt. */
    retry: () => pass(wait() ?? 0),
    online() {
      send({ type: "start" });
      send({ type: "opened" });
      send({ type: "welcomed", version: PROTOCOL_VERSION });
      effects.splice(0);
    },
  };
}

describe("connecting", () => {
  test("opens, says hello, is online", ({ expect }) => {
    const m = machine();
    m.send({ type: "start" });
    m.send({ type: "opened" });
    m.send({ type: "welcomed", version: PROTOCOL_VERSION });
    expect([m.effects(), m.state.phase.name]).toEqual([["open", "hello", "online"], "online"]);
  });

  test("gives up an attempt that hangs before the open, and one that is not welcomed", ({ expect }) => {
    const m = machine();
    m.send({ type: "start" });
    m.pass(OPEN_LIMIT_MS);
    expect([m.effects(), m.state.phase.name]).toEqual([["open", "abandon"], "waiting"]);
    m.retry();
    m.send({ type: "opened" });
    m.pass(WELCOME_LIMIT_MS);
    expect([m.effects(), m.state.problem?.code]).toEqual([["open", "hello", "abandon"], "no_welcome"]);
  });

  test("waits twice as long each time, up to a limit, with jitter; a steady connection makes it short again", ({
    expect,
  }) => {
    for (const random of [0, 0.999]) {
      const m = machine(random);
      m.send({ type: "start" });
      const waits: number[] = [];
      for (let i = 0; i < 9; i++) {
        m.send({ type: "closed", code: 1006, reason: "" });
        waits.push(m.wait() ?? -1);
        m.retry();
      }
      for (const [i, wait] of waits.entries()) {
        const most = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** (i + 1));
        expect(wait).toBeGreaterThanOrEqual(most * 0.5);
        expect(wait).toBeLessThanOrEqual(most);
      }
      m.send({ type: "opened" });
      m.send({ type: "welcomed", version: PROTOCOL_VERSION });
      m.pass(STEADY_MS);
      m.send({ type: "closed", code: 1006, reason: "" });
      expect(m.wait()).toBeLessThanOrEqual(RETRY_FIRST_MS);
    }
  });

  test("does not hammer an edge that welcomes and closes at once", ({ expect }) => {
    const m = machine(1);
    m.online();
    let wait = 0;
    for (let i = 0; i < 8; i++) {
      m.send({ type: "closed", code: CLOSE.internal, reason: "" });
      wait = m.wait() ?? 0;
      m.retry();
      m.send({ type: "opened" });
      m.send({ type: "welcomed", version: PROTOCOL_VERSION });
    }
    expect(wait).toBe(RETRY_MOST_MS);
  });
});

describe("liveness", () => {
  test("pings every 10 s and lives while anything comes", ({ expect }) => {
    const m = machine();
    m.online();
    for (let i = 0; i < 6; i++) {
      m.pass(PING_INTERVAL_MS);
      m.send({ type: "heard" });
    }
    expect([m.effects(), m.state.phase.name]).toEqual([Array(6).fill("ping"), "online"]);
  });

  test("ends a socket that is silent for 30 s", ({ expect }) => {
    const m = machine();
    m.online();
    m.pass(SILENCE_LIMIT_MS - 1);
    expect(m.state.phase.name).toBe("online");
    m.pass(1);
    expect([m.effects(), m.state.phase.name, m.state.problem?.code]).toEqual([
      ["ping", "ping", "abandon"],
      "waiting",
      "silent",
    ]);
  });

  test("ends a socket on which nothing is acked although pongs come", ({ expect }) => {
    const m = machine();
    m.online();
    m.send({ type: "flow", unacked: true, progress: false });
    for (let t = 0; t < ACK_LIMIT_MS; t += 5_000) {
      m.send({ type: "flow", unacked: true, progress: false });
      m.send({ type: "heard" });
      m.pass(5_000);
    }
    expect(m.state.problem?.code).toBe("no_ack");
  });

  test("lives while acks come, however slowly", ({ expect }) => {
    const m = machine();
    m.online();
    for (let i = 0; i < 20; i++) {
      m.send({ type: "flow", unacked: true, progress: true });
      m.pass(20_000);
      m.send({ type: "heard" });
    }
    m.send({ type: "flow", unacked: false, progress: true });
    expect(m.state.phase.name).toBe("online");
  });

  test("after a wake or a new network: asks at once, and three silent seconds end the socket", ({
    expect,
  }) => {
    for (const type of ["woke", "network"] as const) {
      const m = machine();
      m.online();
      m.send({ type });
      m.pass(1_000);
      m.send({ type: "heard" });
      m.pass(PROBE_LIMIT_MS);
      expect([m.effects(), m.state.phase.name]).toEqual([["ping"], "online"]);
      m.send({ type });
      m.pass(PROBE_LIMIT_MS);
      expect([m.effects(), m.state.phase.name]).toEqual([["ping", "abandon"], "waiting"]);
    }
  });

  test("after a wake or a new network a waiting link tries at once", ({ expect }) => {
    const m = machine();
    m.send({ type: "start" });
    for (let i = 0; i < 8; i++) {
      m.send({ type: "closed", code: 1006, reason: "" });
      m.retry();
    }
    m.send({ type: "closed", code: 1006, reason: "" });
    m.effects();
    m.send({ type: "network" });
    expect([m.effects(), m.state.phase.name, m.state.attempt]).toEqual([["open"], "connecting", 1]);
  });
});

describe("close codes", () => {
  test("replaced: stops, and says who", ({ expect }) => {
    const m = machine();
    m.online();
    m.send({ type: "closed", code: CLOSE.replaced, reason: "a newer socket" });
    expect([m.effects(), m.state.phase]).toEqual([["stopped"], { name: "stopped", why: "replaced" }]);
    expect(m.state.problem?.message).toBe(
      "Another daemon with the same identity took over. The edge says: a newer socket",
    );
    m.send({ type: "network" });
    m.pass(1e9);
    expect(m.effects()).toEqual([]);
  });

  test("replaced by a socket that we had given up ourselves: tries again, but only once", ({ expect }) => {
    const m = machine();
    m.send({ type: "start" });
    m.pass(OPEN_LIMIT_MS);
    m.retry();
    m.send({ type: "opened" });
    m.send({ type: "welcomed", version: PROTOCOL_VERSION });
    m.send({ type: "closed", code: CLOSE.replaced, reason: "" });
    expect(m.state.phase.name).toBe("waiting");
    m.retry();
    m.send({ type: "opened" });
    m.send({ type: "welcomed", version: PROTOCOL_VERSION });
    m.send({ type: "closed", code: CLOSE.replaced, reason: "" });
    expect(m.state.phase.name).toBe("stopped");
  });

  test("replaced long after a socket was given up: stops", ({ expect }) => {
    const m = machine();
    m.send({ type: "start" });
    m.pass(OPEN_LIMIT_MS);
    m.retry();
    m.send({ type: "opened" });
    m.send({ type: "welcomed", version: PROTOCOL_VERSION });
    for (let t = 0; t < ABANDONED_MS; t += 10_000) {
      m.send({ type: "heard" });
      m.pass(10_000);
    }
    m.send({ type: "closed", code: CLOSE.replaced, reason: "" });
    expect(m.state.phase.name).toBe("stopped");
  });

  test("refused: keeps trying slowly, also when the network changes, and says what to do", ({ expect }) => {
    for (const code of [CLOSE.unauthenticated, CLOSE.forbidden, CLOSE.notFound]) {
      const m = machine();
      m.online();
      m.send({ type: "closed", code, reason: "The token was revoked." });
      expect(m.wait()).toBe(RETRY_REFUSED_MS);
      expect(m.state.problem?.message).toMatch(
        /refuses this host's token\. The edge says: The token was revoked\. Make a new code/,
      );
      m.send({ type: "network" });
      m.pass(RETRY_REFUSED_MS - 1);
      expect(m.effects()).toEqual([]);
      m.pass(1);
      expect(m.effects()).toEqual(["open"]);
    }
  });

  test("without a token, or with a refused one, it waits slowly, until there is another", ({ expect }) => {
    const m = machine();
    m.send({ type: "start" });
    m.send({ type: "no_token", message: "There is no token." });
    expect([m.wait(), m.state.problem?.message]).toEqual([RETRY_REFUSED_MS, "There is no token."]);
    m.send({ type: "token" });
    m.send({ type: "closed", code: CLOSE.unauthenticated, reason: "" });
    m.send({ type: "token" });
    expect([m.effects(), m.state.phase.name]).toEqual([["open", "open", "open"], "connecting"]);
    m.send({ type: "token" });
    expect(m.effects()).toEqual([]);
  });

  test("version: stops, by close code and by welcome", ({ expect }) => {
    const byCode = machine();
    byCode.online();
    byCode.send({ type: "closed", code: CLOSE.version, reason: "speaks 2" });
    const byWelcome = machine();
    byWelcome.send({ type: "start" });
    byWelcome.send({ type: "opened" });
    byWelcome.send({ type: "welcomed", version: PROTOCOL_VERSION + 1 });
    for (const m of [byCode, byWelcome]) {
      expect(m.state.phase).toEqual({ name: "stopped", why: "version" });
      expect(m.state.problem?.message).toMatch(/another version of the protocol .* Update the daemon/);
    }
    expect(byWelcome.effects()).toContain("abandon");
  });

  test("stop ends it from every phase, for good", ({ expect }) => {
    const early: LinkEvent[] = [
      { type: "start" },
      { type: "opened" },
      { type: "welcomed", version: PROTOCOL_VERSION },
    ];
    for (let count = 0; count <= early.length; count++) {
      const m = machine();
      for (const event of early.slice(0, count)) m.send(event);
      m.send({ type: "stop" });
      m.effects();
      for (const event of early) m.send(event);
      m.pass(1e9);
      expect([m.effects(), m.state.phase]).toEqual([[], { name: "stopped", why: "asked" }]);
    }
  });
});

test("no sequence of events leaves it without a way on", ({ expect }) => {
  const codes = [1000, 1006, ...Object.values(CLOSE)];
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const events: (() => LinkEvent)[] = [
    () => ({ type: "start" }),
    () => ({ type: "opened" }),
    () => ({ type: "welcomed", version: PROTOCOL_VERSION }),
    () => ({ type: "heard" }),
    () => ({ type: "flow", unacked: random() < 0.5, progress: random() < 0.5 }),
    () => ({ type: "closed", code: codes[Math.floor(random() * codes.length)] ?? 1006, reason: "" }),
    () => ({ type: "woke" }),
    () => ({ type: "network" }),
    () => ({ type: "tick" }),
  ];
  for (let round = 0; round < 500; round++) {
    const m = machine(random());
    m.send({ type: "start" });
    for (let i = 0; i < 60; i++) {
      const event = events[Math.floor(random() * events.length)];
      if (event !== undefined) m.send(event());
      m.pass(Math.floor(random() * 4_000));
      // Either it is stopped for a reason, or time alone brings it on.
      if (m.state.phase.name === "stopped") expect(m.state.problem).not.toBeNull();
      else expect(nextTick(m.state)).not.toBeNull();
    }
  }
});
