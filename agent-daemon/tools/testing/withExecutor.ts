import { onTestFinished } from "vitest";
import type { CommandResult } from "../../../protocol/commands.ts";
import { DaemonMessage } from "../../../protocol/link.ts";
import { systemClock } from "../../link/clock.ts";
import { openCommandJournal } from "../../link/commandJournal.ts";
import { startExecutor } from "../../link/executor.ts";
import { openJournal } from "../../link/journal.ts";
import type { makeToolRig } from "./toolRig.ts";

/** The rig's tools behind a real journal and executor. */
export function withExecutor(rig: ReturnType<typeof makeToolRig>) {
  const log = () => {};
  const journal = openJournal({ store: rig.store, maxBytes: 1e9, log });
  const commands = openCommandJournal({ store: rig.store, journal, log });
  const executor = startExecutor({ commands, parts: [rig.part], clock: systemClock, log });
  onTestFinished(() => journal.stop());
  return {
    executor,
    commands,
    results: (id: string): CommandResult[] =>
      journal
        .read(0, { messages: 1e6, bytes: 1e9 })
        .map(({ json }) => DaemonMessage.parse(JSON.parse(json)))
        .flatMap((message) => (message.kind === "result" && message.id === id ? [message.result] : [])),
    command: (argv: string[]) => ({
      type: "tool" as const,
      tool: "run_command",
      input: { argv },
      root: rig.root,
    }),
  };
}
