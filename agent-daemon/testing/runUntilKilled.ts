import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "../../protocol/ids.ts";
import { systemClock } from "../link/clock.ts";
import { openCommandJournal } from "../link/commandJournal.ts";
import { startExecutor } from "../link/executor.ts";
import { openJournal } from "../link/journal.ts";
import { DONE } from "../parts.ts";
import { openStore } from "../store.ts";

// A process for tests to kill: runs one command after the other and says each id at the moment it acts.
const store = openStore(process.argv[2] ?? "");
const journal = openJournal({ store, maxBytes: 1e9, log: () => {} });
const commands = openCommandJournal({ store, journal, log: () => {} });
const session = newId("ses");
const executor = startExecutor({
  commands,
  clock: systemClock,
  log: () => {},
  parts: [
    {
      handles: () => true,
      async run(_command, { id }) {
        writeSync(1, `${id}\n`);
        await sleep(Number(process.argv[3]));
        return DONE;
      },
      stop: async () => {},
    },
  ],
});
for (;;) {
  executor.accept({ id: newId("cmd"), session, command: { type: "interrupt" }, ttlMs: 60_000 });
  await sleep(2);
}
