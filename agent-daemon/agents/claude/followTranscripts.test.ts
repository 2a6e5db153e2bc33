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

it("ends a turn that Claude gave up without a word, once it is idle and silent for a while", async () => {
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
  appendFileSync(path, line("taken back"));
  const idle = (idleSince: number | null) => follow.follow([{ session, thread, idleSince }]);
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
