import { expect, it } from "vitest";
import { codexArgv } from "./codexArgv.ts";

it.each([
  [{}, "codex exec --json --skip-git-repo-check -"],
  [
    { model: "gpt-5.5", sandbox: "workspace-write" as const },
    "codex exec --json --skip-git-repo-check --model gpt-5.5 --sandbox workspace-write -",
  ],
  [
    { resume: "0199-a", sandbox: "read-only" as const },
    `codex exec resume --json --skip-git-repo-check --config sandbox_mode="read-only" -- 0199-a -`,
  ],
])("%j", (options, argv) => {
  expect(codexArgv("codex", { model: null, sandbox: null, resume: null, ...options }).join(" ")).toBe(argv);
});
