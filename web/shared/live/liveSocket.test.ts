import { describe, expect, it } from "vitest";
import { CLOSE } from "../../../protocol/closeCodes.ts";
import { PING_INTERVAL_MS } from "../../../protocol/limits.ts";
import { fakeEnvironment } from "./fakeEnvironment.ts";
import {
  READY_LIMIT_MS,
  RETRY_FIRST_MS,
  RETRY_MAX_MS,
  STALL_MS,
  STEADY_MS,
  WAKE_PROBE_MS,
  retryDelay,
  startLiveSocket,
  type SocketState,
} from "./liveSocket.ts";

function start(readyOnFrame = true) {
  const environment = fakeEnvironment();
  const states: SocketState[] = [];
  const frames: (string | ArrayBuffer)[] = [];
  const socket = startLiveSocket({
    url: "/api/live",
    environment,
    onOpen: (live) => live.send("hello"),
    onFrame(data, live) {
      frames.push(data);
      if (readyOnFrame) live.ready();
    },
    onState: (state) => states.push(state),
  });
  const goLive = (): void => {
    environment.socket().opens();
    environment.socket().says("welcome");
  };
  return { environment, states, frames, socket, goLive };
}

describe("a live socket", () => {
  it("is connecting until the server has said something, then live", () => {
    const { environment, socket, frames } = start();
    expect(socket.state()).toEqual({ phase: "connecting", attempt: 0 });
    environment.socket().opens();
    expect(environment.socket().sent).toEqual(["hello"]);
    expect(socket.state().phase).toBe("connecting");
    environment.socket().says("welcome");
    expect(socket.state()).toEqual({ phase: "live", since: environment.now() });
    expect(frames).toEqual(["welcome"]);
  });

  it("sends nothing before it is open and says so", () => {
    const { environment, socket } = start();
    expect(socket.send("early")).toBe(false);
    expect(environment.socket().sent).toEqual([]);
  });

  it("waits longer after each failure, and starts short again once it was live", () => {
    const { environment, socket, goLive } = start();
    const delays: number[] = [];
    for (let round = 0; round < 12; round++) {
      environment.socket().closes(1006);
      const state = socket.state();
      if (state.phase !== "waiting") throw new Error(state.phase);
      expect(state.reason).toBe("The connection was lost.");
      delays.push(state.retryAt - environment.now());
      environment.advance(state.retryAt - environment.now());
      expect(socket.state().phase).toBe("connecting");
    }
    expect(delays[0]).toBe(RETRY_FIRST_MS);
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect(delays.at(-1)).toBe(RETRY_MAX_MS);
    goLive();
    environment.advance(STEADY_MS);
    environment.socket().closes(1001);
    expect(socket.state()).toMatchObject({
      phase: "waiting",
      reason: "Signalbox is restarting.",
      attempt: 1,
    });
  });

  it("does not take an accepted socket for a success: one that is closed again at once keeps backing off", () => {
    const { environment, socket } = start();
    for (let round = 0; round < 5; round++) {
      environment.socket().opens();
      environment.socket().closes(CLOSE.internal, "storage");
      const state = socket.state();
      if (state.phase !== "waiting") throw new Error(state.phase);
      expect(state.reason).toBe("The server had a fault. (storage)");
      environment.advance(state.retryAt - environment.now());
    }
    environment.socket().closes(CLOSE.internal);
    expect(socket.state()).toMatchObject({ phase: "waiting", attempt: 6 });
  });

  it("keeps backing off when it is live only for moments", () => {
    const { environment, socket, goLive } = start();
    for (let round = 1; round <= 5; round++) {
      goLive();
      environment.advance(STEADY_MS - 1);
      socket.reconnect("The server sent something this page cannot read.");
      const state = socket.state();
      if (state.phase !== "waiting") throw new Error(state.phase);
      expect(state.attempt).toBe(round);
      environment.advance(state.retryAt - environment.now());
    }
  });

  it("scatters the delay between half and all of it", () => {
    expect(retryDelay(0, 0)).toBe(RETRY_FIRST_MS / 2);
    expect(retryDelay(0, 1)).toBe(RETRY_FIRST_MS);
    expect(retryDelay(10_000, 1)).toBe(RETRY_MAX_MS);
  });

  it.each([
    [CLOSE.unauthenticated, "You are signed out."],
    [CLOSE.forbidden, "You are not allowed to see this."],
    [CLOSE.notFound, "This does not exist any more."],
    [CLOSE.version, "This page is older than the server. Reload it."],
  ])("stops for good when it is refused with %i", (code, sentence) => {
    const { environment, socket } = start();
    environment.socket().opens();
    environment.socket().closes(code);
    expect(socket.state()).toEqual({ phase: "refused", code, reason: sentence });
    environment.advance(600_000);
    environment.wake();
    expect(environment.sockets).toHaveLength(1);
    socket.retryNow();
    expect(environment.sockets).toHaveLength(2);
  });

  it("retries at once when the device wakes", () => {
    const { environment, socket } = start();
    environment.socket().closes(1006);
    environment.wake();
    expect(environment.sockets).toHaveLength(2);
    expect(socket.state().phase).toBe("connecting");
    environment.advance(RETRY_MAX_MS - 1);
    expect(environment.sockets.length).toBeLessThanOrEqual(3);
  });

  it("tries at once when another socket of the page has got an answer, and tells the others when it has", () => {
    const { environment, socket, goLive } = start();
    environment.socket().closes(1006);
    environment.answered();
    expect(environment.sockets).toHaveLength(2);
    expect(environment.toldAnswered).toBe(0);
    goLive();
    expect(environment.toldAnswered).toBe(1);
    environment.answered();
    expect(socket.state().phase).toBe("live");
    expect(environment.sockets).toHaveLength(2);
    socket.stop();
    environment.answered();
    expect(environment.sockets).toHaveLength(2);
  });

  it("asks a live socket whether it is still there when the device wakes, and drops it when it is not", () => {
    const { environment, socket, goLive } = start();
    goLive();
    environment.wake();
    expect(environment.socket().sent.at(-1)).toBe("ping");
    environment.advance(WAKE_PROBE_MS);
    expect(socket.state()).toMatchObject({ phase: "waiting", reason: "The connection went silent." });
    expect(environment.sockets[0]?.closedWith).toBe(CLOSE.silent);
  });

  it("keeps a live socket that answers the wake's ping", () => {
    const { environment, socket, goLive } = start();
    goLive();
    environment.wake();
    environment.socket().says("pong");
    environment.advance(WAKE_PROBE_MS);
    expect(socket.state().phase).toBe("live");
  });

  it("says that it is stalled when a ping stays unanswered, and is live again with the next word", () => {
    const { environment, socket, goLive } = start();
    goLive();
    const since = environment.now();
    environment.advance(PING_INTERVAL_MS + STALL_MS - 1);
    expect(socket.state().phase).toBe("live");
    environment.advance(1);
    expect(socket.state()).toEqual({ phase: "stalled", since });
    socket.ready();
    expect(socket.state().phase).toBe("stalled");
    environment.socket().says("pong");
    expect(socket.state()).toEqual({ phase: "live", since });
    environment.advance(PING_INTERVAL_MS + STALL_MS);
    expect(socket.state().phase).toBe("stalled");
    socket.retryNow();
    expect(socket.state().phase).toBe("connecting");
    expect(environment.sockets).toHaveLength(2);
  });

  it("pings every 10 s and ends a socket that is silent for 30 s", () => {
    const { environment, socket, frames, goLive } = start();
    goLive();
    for (let i = 0; i < 10; i++) {
      environment.advance(10_000);
      expect(environment.socket().sent.at(-1)).toBe("ping");
      environment.socket().says("pong");
    }
    expect(frames).toEqual(["welcome"]);
    environment.advance(29_999);
    expect(socket.state().phase).toBe("stalled");
    environment.advance(1);
    expect(socket.state()).toMatchObject({ phase: "waiting", reason: "The connection went silent." });
  });

  it("gives up a socket that opens and never becomes ready", () => {
    const { environment, socket } = start(false);
    environment.socket().opens();
    environment.socket().says("something");
    environment.advance(READY_LIMIT_MS);
    expect(socket.state()).toMatchObject({ phase: "waiting", reason: "Signalbox does not answer." });
  });

  it("ignores everything of a socket that is no longer its own", () => {
    const { environment, socket, frames, goLive } = start();
    goLive();
    const old = environment.socket();
    socket.reconnect("A frame is missing.");
    expect(socket.state()).toMatchObject({ phase: "waiting", reason: "A frame is missing." });
    environment.advance(RETRY_MAX_MS);
    goLive();
    old.says("late");
    old.closes(CLOSE.forbidden);
    old.opens();
    expect(socket.state().phase).toBe("live");
    expect(frames).toEqual(["welcome", "welcome"]);
  });

  it("closes nothing twice and never comes back after stop", () => {
    const { environment, socket, states, goLive } = start();
    goLive();
    socket.stop();
    socket.stop();
    expect(environment.socket().closedWith).toBe(1000);
    const heard = states.length;
    environment.socket().closes(1006);
    environment.wake();
    socket.retryNow();
    socket.reconnect("x");
    environment.advance(600_000);
    expect(environment.sockets).toHaveLength(1);
    expect(states).toHaveLength(heard);
  });

  it("waits and says why when the address cannot be opened at all", () => {
    const { environment, socket } = start();
    environment.refuseToOpen = true;
    environment.socket().closes(1006);
    environment.advance(RETRY_FIRST_MS);
    expect(socket.state()).toMatchObject({
      phase: "waiting",
      reason: "The address is not allowed.",
      attempt: 2,
    });
  });
});
