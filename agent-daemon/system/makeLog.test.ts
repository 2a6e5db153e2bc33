import { expect, it } from "vitest";
import { makeLog } from "./makeLog.ts";

it("writes one line, without what looks like a secret", () => {
  const lines: string[] = [];
  const log = makeLog(
    (line) => lines.push(line),
    "info",
    () => 0,
  );
  log("warn", "git said:\nfatal: Authorization: Bearer abcdef1234567890", {
    error: "GITHUB_TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123 is refused",
  });
  log("debug", "not this");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^1970-01-01T00:00:00\.000Z warn {2}git said: fatal: .*\n$/);
  expect(lines[0]).not.toMatch(/abcdef/);
});
