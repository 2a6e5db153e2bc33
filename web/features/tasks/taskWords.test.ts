import { expect, it } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import type { Task } from "../../../protocol/tasks.ts";
import { sampleSession, sampleTask } from "../../fixtures/sample.ts";
import { taskTime, taskWords, tokenWords } from "./taskWords.ts";

const NOW = 1_000_000;
const words = (task: Partial<Task>, status?: "waiting" | "working") =>
  taskWords(
    sampleTask(task),
    status === undefined ? undefined : sampleSession({ id: newId("ses"), status }),
    NOW,
  ).word;

it("says where a task stands, and when it waits for a person", () => {
  expect(words({ status: "queued" })).toBe("Waits its turn");
  expect(words({ status: "queued", not_before: NOW + 1 })).toBe("Tried again soon");
  expect(words({ status: "running" }, "working")).toBe("Running");
  expect(words({ status: "running" }, "waiting")).toBe("Waiting for you");
  expect(words({ status: "running", cancelled_by: "ann" }, "waiting")).toBe("Ending");
  expect(words({ status: "cancelled", cancelled_by: "ann" })).toBe("Cancelled");
});

it("counts the time from the first try, and stops at the end", () => {
  const task = sampleTask({ created_at: 1_000, started_at: 2_000 });
  expect(taskTime(task, 5_000)).toBe(3_000);
  expect(taskTime({ ...task, ended_at: 2_500 }, 5_000)).toBe(500);
  expect(taskTime({ ...task, started_at: null }, 5_000)).toBeNull();
  expect(taskTime({ ...task, not_before: 9_000 }, 5_000)).toBeNull();
});

it("says tokens in few characters", () => {
  expect([0, 999, 1_000, 12_449, 123_456, 1_200_000].map(tokenWords)).toEqual([
    "0",
    "999",
    "1.0k",
    "12.4k",
    "123k",
    "1.2M",
  ]);
});
