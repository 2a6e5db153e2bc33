import { afterAll, beforeAll, expect, it } from "vitest";
import * as z from "zod";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";

const Done = z.object({
  response: z.object({
    usage: z.object({
      input_tokens: z.number(),
      input_tokens_details: z.object({ cached_tokens: z.number() }),
    }),
  }),
});

let model: Awaited<ReturnType<typeof startFakeModel>>;
beforeAll(async () => {
  model = await startFakeModel();
});
afterAll(() => model.stop());

function user(text: string) {
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

async function ask(input: unknown[], instructions = ""): Promise<{ status: number; text: string }> {
  const body = JSON.stringify({ model: "m", instructions, input });
  const response = await fetch(`${model.url}/v1/responses`, { method: "POST", body });
  return { status: response.status, text: await response.text() };
}

function tokens(text: string): { input: number; cached: number } {
  const data = text.split("\n").findLast((line) => line.startsWith("data: ")) ?? "";
  const { usage } = Done.parse(JSON.parse(data.slice(6))).response;
  return { input: usage.input_tokens, cached: usage.input_tokens_details.cached_tokens };
}

it("counts as cached what an earlier prompt began with, and nothing after the first difference", async () => {
  const long = "x".repeat(40_000);
  const first = tokens((await ask([user("one")], `A${long}`)).text);
  expect(first.cached).toBe(0);
  const appended = tokens((await ask([user("one"), user("two")], `A${long}`)).text);
  expect(appended.cached).toBeGreaterThan(9_500);
  expect(appended.cached).toBeLessThan(appended.input);
  expect(tokens((await ask([user("one")], `B${long}`)).text).cached).toBe(0);
});

it("goes from step to step with each tool's output", async () => {
  const prompt = user("RUN: ls\nWRITE: a.txt :: hello");
  const output = (type: string) => ({ type, call_id: "c", output: "said the tool" });
  expect((await ask([prompt])).text).toContain('"name":"exec_command"');
  expect((await ask([prompt, output("function_call_output")])).text).toContain("*** Add File: a.txt");
  const last = await ask([prompt, output("function_call_output"), output("custom_tool_call_output")]);
  expect(last.text).toContain("tool said: said the tool");
});

it("fails as it is told, as often as it is told", async () => {
  expect((await ask([user("FAIL: 429")])).status).toBe(429);
  expect((await ask([user("FAIL: 429")])).status).toBe(429);
  expect((await ask([user("FAIL: 500 1")])).status).toBe(500);
  expect((await ask([user("FAIL: 500 1")])).status).toBe(200);
  expect((await ask([user("FAIL: sse")])).text).toContain("response.failed");
  await expect(ask([user("FAIL: drop")])).rejects.toThrow();
});

it("answers slowly when it is told to, and refuses what it does not know", async () => {
  const began = Date.now();
  expect((await ask([user("SAY: abc\nSLOW: 3")])).text.match(/output_text\.delta/g)?.length).toBe(6);
  expect(Date.now() - began).toBeGreaterThanOrEqual(550);
  expect((await fetch(`${model.url}/v1/responses`, { method: "POST", body: "{" })).status).toBe(400);
  expect((await fetch(`${model.url}/v1/models`)).status).toBe(404);
});
