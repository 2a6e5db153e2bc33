import { appendFileSync, mkdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import type { EventBody } from "../../../protocol/events.ts";
import { newId } from "../../../protocol/ids.ts";
import { openStore } from "../../store.ts";
import { tempDir } from "../../testing/tempDir.ts";
import { followTranscripts } from "./followTranscripts.ts";

const session = newId("ses");
const thread = "thread";
const line = (text: string) =>
  `${JSON.stringify({ type: "user", uuid: text, message: { content: text } })}\n`;

/** Follows a transcript that is there already, and what is told of it. */
function followed(first: string) {
  const dir = tempDir();
  const store = openStore(join(dir, "agent.db"));
  const events: EventBody[] = [];
  const follow = followTranscripts({
    env: { CLAUDE_CONFIG_DIR: dir },
    store,
    log: () => {},
    decided: () => ({ messages: [], also: () => {} }),
    outlet: {
      put(messages, also) {
        store.transaction(() => also?.());
        for (const message of messages)
          if (message.kind === "events") events.push(...message.events.map(({ event }) => event));
        return true;
      },
      lost() {},
    },
  });
  onTestFinished(async () => {
    await follow.stop();
    store.close();
  });
  const told = () => events.map((event) => (event.type === "item" ? event.item.kind : event.type));
  const path = join(dir, "projects", "work", `${thread}.jsonl`);
  mkdirSync(join(dir, "projects", "work"), { recursive: true });
  appendFileSync(path, line(first));
  const idle = (idleSince: number | null) => follow.follow([{ session, thread, idleSince }]);
  return { follow, told, path, idle };
}

it("ends a turn that Claude gave up without a word, once it is idle and silent for a while", async () => {
  const { told, path, idle } = followed("taken back");
  idle(null);
  await vi.waitFor(() => expect(told()).toEqual(["turn_started", "user_message"]));
  const before = Date.now() / 1000 - 60;
  utimesSync(path, before, before);
  idle(Date.now());
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // looked at, and too soon
  expect(told()).toHaveLength(2);
  idle(before * 1000);
  await vi.waitFor(
    () => expect(told()).toEqual(["turn_started", "user_message", "warning", "turn_completed"]),
    { timeout: 30_000 },
  );
  appendFileSync(path, line("said again"));
  idle(null);
  await vi.waitFor(() => expect(told().slice(4)).toEqual(["turn_started", "user_message"]), {
    timeout: 30_000,
  });
});

it("tells what is written at the end of a conversation that another has followed already", async () => {
  const { follow, told, path, idle } = followed("one");
  idle(null);
  await vi.waitFor(() => expect(told()).toEqual(["turn_started", "user_message"]));
  follow.follow([]);
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // read to its end, as it is now
  const content = [{ type: "text", text: "the last word" }];
  const last = { type: "assistant", uuid: "last", message: { id: "m", content, stop_reason: "end_turn" } };
  appendFileSync(path, `${JSON.stringify(last)}\n`);
  follow.follow([]);
  await vi.waitFor(() => expect(told()).toContain("message"));
});
