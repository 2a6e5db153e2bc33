import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newId } from "../../protocol/ids.ts";
import { makeRig, noTmux, type Rig } from "../tmux/rig/tmuxRig.ts";
import { makeToolRig } from "./testing/toolRig.ts";

let rig: Rig;
beforeEach(() => {
  rig = makeRig();
});
afterEach(() => rig.end());

describe.skipIf(noTmux !== null)("read_pane and type_into_pane", () => {
  it("types a line into another session's pane and reads what it shows; nothing into one that is not there", async () => {
    const panes = await rig.start();
    const session = newId("ses");
    const spawned = await rig.command(panes, session, { type: "spawn", cwd: rig.directory, argv: ["cat"] });
    expect(spawned.status).toBe("done");
    const tools = makeToolRig({ panes, sessionDirectories: panes.directories });
    expect(await tools.output("type_into_pane", { session, text: "hello $HOME; `ls`" })).toMatchObject({
      ok: true,
      text: "Typed, with Enter.",
    });
    await vi.waitFor(async () => {
      const { text } = await tools.output("read_pane", { session });
      expect(text).toBe("hello $HOME; `ls`\nhello $HOME; `ls`");
    }, 5_000);
    expect(await tools.output("type_into_pane", { session, text: "half", enter: false })).toMatchObject({
      ok: true,
    });
    await vi.waitFor(
      async () => expect((await tools.output("read_pane", { session, lines: 1 })).text).toBe("half"),
      5_000,
    );
    expect(await tools.run("read_pane", { session: newId("ses") })).toMatchObject({
      status: "failed",
      code: "no_such_session",
    });
    expect(await tools.run("type_into_pane", { session, text: "x" }, { session })).toMatchObject({
      status: "failed",
      code: "bad_input",
    });
    // The directory of a live session is a root, and stops being one with it.
    await panes.refresh();
    expect(await tools.output("list_files", {}, { root: rig.directory })).toMatchObject({ ok: true });
    await rig.command(panes, session, { type: "kill" });
    await vi.waitFor(async () => {
      await panes.refresh();
      expect(await tools.run("list_files", {}, { root: rig.directory })).toMatchObject({
        code: "not_a_workspace",
      });
    }, 5_000);
    expect(await tools.run("read_pane", { session })).toMatchObject({ status: "failed", code: "ended" });
  });

  it("says so where there is no tmux", async () => {
    const tools = makeToolRig();
    expect(await tools.run("read_pane", { session: newId("ses") })).toMatchObject({
      status: "failed",
      code: "no_tmux",
    });
  });
});
