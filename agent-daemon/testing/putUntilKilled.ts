import { writeSync } from "node:fs";
import { newId } from "../../protocol/ids.ts";
import { openJournal } from "../link/journal.ts";
import { openStore } from "../store.ts";

// A process for tests to kill: puts three messages and a row of its own at a time, and says how many puts returned.
const store = openStore(process.argv[2] ?? "");
const journal = openJournal({ store, maxBytes: 1e9, log: () => {} });
store.db.exec("CREATE TABLE IF NOT EXISTS mine (n INTEGER)");
const session = newId("ses");
for (let n = Math.floor(journal.head() / 3) + 1; ; n++) {
  const message = {
    kind: "events",
    session,
    events: [{ at: n, event: { type: "notice", level: "info", message: String(n) } }],
  } as const;
  const copies = [message, message, message].map((each) => ({ ...each, events: [...each.events] }));
  journal.put(copies, () => store.db.exec(`INSERT INTO mine VALUES (${n})`));
  writeSync(1, `${n}\n`);
}
