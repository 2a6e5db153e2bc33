import { expect, it } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import { describeEvent } from "./describeEvent.ts";

const id = newId("cmd");
const at = { seq: 1, at: 1 };

it.each([
  [
    { type: "status", status: "waiting", reason: "permission prompt" },
    "Waiting for you: permission prompt",
    null,
    "warning",
  ],
  [
    { type: "ended", status: "trouble", exit: { code: 1, signal: null, message: null } },
    "Ended: exit 1",
    null,
    "bad",
  ],
  [
    { type: "ended", status: "trouble", exit: { code: null, signal: "SIGKILL", message: null } },
    "Ended: by SIGKILL",
    null,
    "bad",
  ],
  [
    { type: "ended", status: "done", exit: { code: null, signal: null, message: null } },
    "Ended: how is not known",
    null,
    "good",
  ],
  [
    { type: "command", id, command: "kill", summary: "", by: "owner", expires_at: null },
    "End, asked by owner",
    null,
    "plain",
  ],
  [
    { type: "command", id, command: "teleport", summary: "x", by: "owner", expires_at: null },
    "teleport, asked by owner",
    "x",
    "plain",
  ],
  [
    {
      type: "command_result",
      id,
      command: "kill",
      result: { status: "failed", code: "would_lose_work", message: "2 files", details: ["a", "b"] },
    },
    "End: 2 files",
    "a\nb",
    "bad",
  ],
  [
    { type: "command_result", id, command: "paste", result: { status: "expired" } },
    "Paste: expired before the host took it",
    null,
    "warning",
  ],
  [{ type: "gap", lost: 4, since: 1, reason: "full" }, "4 events were lost on the host", "full", "warning"],
  [{ type: "hologram", beam: 2 }, "hologram", '{"beam":2}', "plain"],
  [{ type: "status", status: "dreaming" }, "status", '{"status":"dreaming"}', "plain"],
])("%o", (event, text, detail, tone) => {
  expect(describeEvent({ ...event, ...at })).toMatchObject({ text, detail, tone });
});
