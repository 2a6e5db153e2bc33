import { expect, it } from "vitest";
import { attachCommand } from "./attachCommand.ts";

it.each([
  [{ socket: "default", tmux_session: "main" }, "tmux attach -t main"],
  [{ socket: "work", tmux_session: "0" }, "tmux -L work attach -t 0"],
  [{ socket: "/tmp/a b", tmux_session: "it's; rm" }, "tmux -S '/tmp/a b' attach -t 'it'\\''s; rm'"],
])("%o", (pane, command) => {
  expect(attachCommand(pane)).toBe(command);
});
