import { expect, test } from "vitest";
import type { Workflow } from "../../protocol/runs.ts";
import { catalogue } from "../../worker/workflows/catalogue.ts";
import { parseScript } from "../../worker/workflows/contract/parseScript.ts";
import { call } from "./support/edge.ts";
import { runToEnd, save } from "./support/runs.ts";
import findVerify from "./support/find-verify.workflow.js";
import loopUntilDry from "./support/loop-until-dry.workflow.js";
import judgePanel from "./support/judge-panel.workflow.js";

test("the catalogue is listed, and each of its scripts is what its name says", async () => {
  for (const [name, script] of catalogue) expect(parseScript(script).meta.name).toBe(name);
  const { items } = await (await call("/api/workflows")).json<{ items: Workflow[] }>();
  expect(items.filter(({ source }) => source === "catalogue").map(({ name }) => name)).toEqual([
    ...catalogue.keys(),
  ]);
});

test("multi-review ends with what is left of the findings", async () => {
  const { run, result } = await runToEnd("multi-review", { fresh: true, args: { target: "nothing" } });
  expect(run).toMatchObject({ status: "completed", steps: { completed: 8 } });
  expect(result).toMatchObject({ target: "nothing", findings: [{ severity: "high" }, {}, {}, {}] });
});

test("plan-verify merges plans and asks critics", async () => {
  const { run, result } = await runToEnd("plan-verify", { fresh: true, args: "move the house" });
  expect(run.status).toBe("completed");
  expect(result).toMatchObject({ approved: true, rounds: 1, plan: { steps: ["offline"] } });
});

test("deep-research checks what it is told", async () => {
  const { run, result } = await runToEnd("deep-research", { fresh: true, args: { question: "why?" } });
  expect(run.status).toBe("completed");
  expect(result).toMatchObject({ question: "why?", claims: [{ checked: true, part: "offline" }] });
});

test("bounty-hunt ends when nothing new is found", async () => {
  const { run, result, notes } = await runToEnd("bounty-hunt", { fresh: true });
  expect(run.status).toBe("completed");
  expect(result).toMatchObject({ bugs: [{ title: "offline" }] });
  expect(notes).toHaveLength(3);
});

test.for([
  ["find-verify", findVerify, { confirmed: [{ title: "offline" }, { title: "offline" }] }],
  ["loop-until-dry", loopUntilDry, { bugs: ["offline"] }],
  ["judge-panel", judgePanel, { winner: { score: 1 } }],
] as const)("a script in Claude Code's format runs as it is: %s", async ([name, script, expected]) => {
  expect((await save(name, script)).status).toBe(200);
  const { run, result } = await runToEnd(name, { fresh: true, args: { path: "src" } });
  expect(run.error).toBe(null);
  expect(result).toMatchObject(expected);
});
