import { expect, it } from "vitest";
import type { Session } from "../../../protocol/session.ts";
import { sampleSession } from "../../fixtures/sample.ts";
import { reachOf } from "./reach.ts";

const here = { name: "workshop", away: false };
const away = { name: "workshop", away: true };
const claude = (over: Partial<Session> = {}): Session => sampleSession({ agent: "claude", ...over });
const owned = (over: Partial<Session> = {}): Session =>
  claude({ provider: "claude", interactive: true, status: "idle", ...over });

it.each([
  ["an idle agent", claude(), here, "paste", /with Enter/],
  ["one at work", claude({ status: "working" }), here, "paste", /Claude takes it up while it works/],
  ["one whose host is away", claude(), away, "queue", /when workshop is back/],
  [
    "one with its dialog open",
    claude({ status: "waiting" }),
    here,
    "answer_first",
    /would take a message for one/,
  ],
  ["one that asks, host away", claude({ pending_approvals: 1 }), away, "answer_first", /Answer it first/],
  ["a terminal that has ended", claude({ ended_at: 1, status: "waiting" }), here, "ended", /has ended/],
  ["a Codex that is joined", claude({ agent: "codex", thread: "t" }), here, "turn", /its terminal shows it/],
  [
    "one that works",
    claude({ agent: "codex", thread: "t", status: "working" }),
    here,
    "steer",
    /Codex hears it while it works/,
  ],
  ["an agent without a terminal", owned(), here, "turn", /as its next turn/],
  ["one that works", owned({ status: "working" }), here, "steer", /Claude hears it while it works/],
  ["one that was ended", owned({ ended_at: 1, status: "done" }), here, "turn", /Starts Claude again/],
  ["one whose host is away", owned(), away, "queue", /when workshop is back/],
  ["a job", sampleSession({ provider: "codex" }), here, "turn", /next turn/],
  ["a job, host away", sampleSession({ provider: "codex" }), away, "queue", /goes on when workshop is back/],
] as const)("says how a message reaches %s", (_, session, host, way, words) => {
  const reach = reachOf(session, host);
  expect(reach.way).toBe(way);
  expect(reach.words).toMatch(words);
});
