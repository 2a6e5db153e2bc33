import { describe, expect, it } from "vitest";
import type { EventBody } from "../../protocol/events.ts";
import type { Session, SessionStatus } from "../../protocol/session.ts";
import { newSession } from "./newSession.ts";
import { projectEvent } from "./projectSession.ts";

const fresh = (over: Partial<Session>): Session => ({
  ...newSession({ id: "ses_x", team: "main", host: null, provider: "tmux", title: "x", cwd: null }, 1),
  ...over,
});
const through = (session: Session, ...statuses: SessionStatus[]): Session =>
  statuses.reduce((before, status, index) => {
    const event: EventBody = { type: "status", status, reason: null };
    return projectEvent(before, event, 10 * (index + 1));
  }, session);

describe("when an agent has finished", () => {
  const agent = fresh({ agent: "claude" });

  it("is when it stopped working, or waiting, by itself", () => {
    expect(through(agent, "working", "idle").finished_at).toBe(20);
    expect(through(agent, "working", "waiting", "idle").finished_at).toBe(30);
    expect(through(agent, "working", "idle", "idle").finished_at).toBe(20);
  });

  it("is not when it has only begun, works again, or failed", () => {
    expect(through(agent, "idle").finished_at).toBeUndefined();
    expect(through(agent, "working", "idle", "working").finished_at).toBeNull();
    expect(through(agent, "working", "idle", "trouble").finished_at).toBeNull();
  });

  it("is nothing that a shell does", () => {
    expect(through(fresh({ agent: "shell" }), "working", "idle").finished_at).toBeUndefined();
  });
});
