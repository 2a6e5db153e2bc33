import { describe, test } from "vitest";
import { strikeChats } from "../support/strikeChats.ts";

const ROUNDS = 100;
const SEED = 3;

describe("chats on a real host, with their pages open all along", () => {
  test(
    `end every turn, run each call at most once and show exactly the log while daemon, edge and sockets are struck (${ROUNDS} turns)`,
    { timeout: 900_000 },
    async ({ expect }) => {
      const report = await strikeChats({ rounds: ROUNDS, seed: SEED, chats: 10, say: () => undefined });
      expect(report.problems).toEqual([]);
      expect(report.rounds).toBeGreaterThanOrEqual(ROUNDS);
      // A daemon that dies in the middle of a call: the call goes on without it, and the next daemon tells how it ended.
      expect(Object.keys(report.calls)).toEqual(["completed"]);
    },
  );
});
