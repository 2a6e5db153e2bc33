import { describe, expect, it } from "vitest";
import type { HubChange, HubServerFrame } from "../../../protocol/hubFrames.ts";
import { sampleApproval, sampleHost, sampleSession } from "../../fixtures/sample.ts";
import { applyHubFrame, EMPTY_HUB, type HubState } from "./hubState.ts";

const one = sampleSession({ title: "one", version: 5 });
const two = sampleSession({ title: "two", version: 1 });
const host = sampleHost({ version: 3 });

function play(frames: HubServerFrame[], from: HubState = EMPTY_HUB): HubState {
  return frames.reduce(applyHubFrame, from);
}
const session = (value: typeof one): HubChange => ({ kind: "session", session: value });
const changes = (rev: number, ...list: HubChange[]): HubServerFrame => ({
  type: "changes",
  rev,
  changes: list,
});
const reset = (epoch = "a"): HubServerFrame => ({ type: "reset", version: 1, epoch });
const ready = (rev: number, epoch = "a"): HubServerFrame => ({ type: "ready", epoch, rev });
const titles = (state: HubState): string[] => [...state.sessions.values()].map((each) => each.title);

const loaded = play([reset(), changes(1, session(one), session(two), { kind: "host", host }), ready(1)]);

describe("the hub's state", () => {
  it("is whole after reset, changes and ready", () => {
    expect(titles(loaded)).toEqual(["one", "two"]);
    expect([...loaded.hosts.keys()]).toEqual([host.id]);
    expect(loaded).toMatchObject({ loaded: true, epoch: "a", rev: 1, incoming: null });
  });

  it("shows the old picture until the new one is whole", () => {
    const half = play([reset("b"), changes(1, session(two))], loaded);
    expect(titles(half)).toEqual(["one", "two"]);
    expect(half).toMatchObject({ epoch: "a", rev: 1 });
    expect(titles(play([ready(7, "b")], half))).toEqual(["two"]);
    expect(play([ready(7, "b")], half)).toMatchObject({ epoch: "b", rev: 7 });
  });

  it("takes the same frame twice without a difference", () => {
    const frame = changes(2, session({ ...one, title: "one!", version: 6 }), {
      kind: "session_removed",
      id: two.id,
    });
    const once = play([frame], loaded);
    expect(play([frame, frame], loaded)).toEqual(once);
    expect(titles(once)).toEqual(["one!"]);
  });

  it("never lets an older version overwrite a newer", () => {
    const newer = { ...one, title: "newer", version: 9 };
    const older = { ...one, title: "older", version: 8 };
    expect(titles(play([changes(2, session(newer)), changes(3, session(older))], loaded))).toContain("newer");
    expect(titles(play([changes(2, session(older)), changes(3, session(newer))], loaded))).toContain("newer");
    expect(
      play([changes(2, { kind: "host", host: { ...host, name: "old", version: 2 } })], loaded).hosts.get(
        host.id,
      )?.name,
    ).toBe("workshop");
  });

  it("does not bring back what was removed when a change was overtaken by its removal, but does when it is newer", () => {
    const removed = play([changes(2, { kind: "session_removed", id: one.id })], loaded);
    expect(titles(play([changes(3, session(one))], removed))).toEqual(["two"]);
    expect(titles(play([changes(3, session({ ...one, version: 6 }))], removed))).toEqual(["two", "one"]);
  });

  it("ignores a frame from before its cursor, so that a repeated removal takes nothing away", () => {
    const removal = changes(2, { kind: "session_removed", id: one.id });
    const back = play([removal, changes(3, session({ ...one, version: 6 }))], loaded);
    expect(titles(play([removal], back))).toEqual(["two", "one"]);
  });

  it("removes what it does not have without complaint", () => {
    expect(
      play(
        [
          changes(
            2,
            { kind: "session_removed", id: sampleSession().id },
            { kind: "host_removed", id: sampleHost().id },
          ),
        ],
        loaded,
      ).sessions.size,
    ).toBe(2);
  });

  it("goes on from its cursor when nothing was missed", () => {
    expect({ ...play([ready(1)], loaded), news: loaded.news }).toEqual(loaded);
    expect(play([changes(4, session({ ...two, title: "2", version: 2 })), ready(4)], loaded)).toMatchObject({
      rev: 4,
    });
  });

  it("is an empty, loaded picture when there is nothing", () => {
    expect(play([reset(), ready(0)])).toMatchObject({ loaded: true, sessions: new Map(), hosts: new Map() });
  });
});

describe("lists that the hub only tells of", () => {
  const news = (...lists: string[]): HubServerFrame => ({ type: "news", lists });

  it("have changed when it says so, and may have when a connection begins", () => {
    const before = loaded.news.get("schedules") ?? 0;
    const told = play([news("schedules"), news("schedules", "of a newer server")], loaded);
    expect([told.news.get("schedules"), told.news.get("webhooks")]).toEqual([before + 2, before]);
    expect(titles(told)).toEqual(["one", "two"]);
    expect(play([ready(1)], told).news.get("webhooks")).toBe(before + 1);
    expect(play([reset("b"), ready(1, "b")], told).news.get("schedules")).toBe(before + 3);
  });
});

describe("approvals", () => {
  const asked = sampleApproval({ session: one.id, version: 1 });
  const allowed = { ...asked, status: "allowed" as const, decided_by: "owner", version: 2 };
  const approval = (value: typeof asked): HubChange => ({ kind: "approval", approval: value });
  const statuses = (state: HubState): string[] => [...state.approvals.values()].map((each) => each.status);

  it("come, are decided, and never go back", () => {
    const waits = play([changes(2, approval(asked))], loaded);
    expect(statuses(waits)).toEqual(["pending"]);
    const decided = play([changes(3, approval(allowed)), changes(4, approval(asked))], waits);
    expect(statuses(decided)).toEqual(["allowed"]);
  });

  it("are the same whether the decision or the question is heard first", () => {
    expect(statuses(play([changes(2, approval(allowed), approval(asked))], loaded))).toEqual(["allowed"]);
  });

  it("go with their session, and do not come back with what was overtaken", () => {
    const gone = play(
      [changes(2, approval(asked)), changes(3, { kind: "session_removed", id: one.id })],
      loaded,
    );
    expect(statuses(gone)).toEqual([]);
    expect(statuses(play([changes(4, approval(asked))], gone))).toEqual([]);
  });

  it("belong to the picture: a new one replaces them when it is whole", () => {
    const waits = play([changes(2, approval(asked))], loaded);
    const half = play([reset("b")], waits);
    expect(statuses(half)).toEqual(["pending"]);
    expect(statuses(play([ready(9, "b")], half))).toEqual([]);
  });

  it("that were decided are forgotten after many; those that wait never are", () => {
    const many = Array.from({ length: 500 }, () =>
      approval(sampleApproval({ session: one.id, status: "denied" })),
    );
    const state = play([changes(2, approval(asked)), changes(3, ...many)], loaded);
    expect(state.approvals.size).toBe(201);
    expect(state.approvals.has(asked.id)).toBe(true);
  });
});
