import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openStore } from "../../store.ts";
import { openJobStore } from "../codex/jobStore.ts";
import { openThreadStore } from "./threadStore.ts";

it("shares the daemon's store with Codex's jobs", () => {
  const directory = mkdtempSync(join(tmpdir(), "signalbox-threads-"));
  const store = openStore(join(directory, "store.db"));
  onTestFinished(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });
  openJobStore(store);
  const threads = openThreadStore(store);
  const place = { session: "ses_a", thread: "t", pid: 1, started: "x" };
  threads.place(place, 1);
  expect(threads.places()).toEqual([place]);
});
