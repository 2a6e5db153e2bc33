import { expect, test } from "vitest";
import { call } from "./support/edge.ts";
import { runToEnd, save } from "./support/runs.ts";

test("a workflow with one agent gives what the agent said", async () => {
  await save(
    "one",
    `
const said = await agent("say hello");
log("it said", said);
return { said, args };`,
  );
  const run = await runToEnd("one", { args: { a: 1 } });
  expect(run).toMatchObject({
    run: { status: "completed", steps: { completed: 1 }, error: null },
    result: { said: "hello", args: { a: 1 } },
    notes: [{ kind: "log", text: "it said hello" }],
  });
  expect((await call("/api/runs")).status).toBe(200);
});
