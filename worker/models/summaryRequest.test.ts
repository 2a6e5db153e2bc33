import type { ModelMessage } from "ai";
import { expect, it } from "vitest";
import { digestOf, summaryRequest } from "./summaryRequest.ts";

const talk: ModelMessage[] = [
  { role: "user", content: "mend the login" },
  {
    role: "assistant",
    content: [
      { type: "text", text: "I look." },
      { type: "tool-call", toolCallId: "1", toolName: "read_file", input: { path: "login.ts" } },
    ],
  },
  {
    role: "tool",
    content: [
      {
        type: "tool-result",
        toolCallId: "1",
        toolName: "read_file",
        output: { type: "text", value: "v".repeat(9_000) },
      },
    ],
  },
];
const textOf = (request: ModelMessage[]) => String(request[0]?.content);

it("holds who said and did what, long results by half", () => {
  const request = textOf(summaryRequest(null, talk, 100_000));
  expect(request).toContain(
    "PERSON: mend the login\nMODEL: I look.\nCALLED: read_file login.ts\nRESULT: vvv",
  );
  expect(request.length).toBeLessThan(2_000);
});

it("leaves out the oldest when it is too much, and says so", () => {
  const request = textOf(summaryRequest(null, talk, 1_040));
  expect(request).not.toContain("mend the login");
  expect(request).toContain("(3 older entries are left out)");
});

it("comes to a list without a model, which goes on with the one before", () => {
  const first = digestOf(summaryRequest(null, talk, 100_000));
  expect(first).toBe("- asked: mend the login\n- called: read_file login.ts");
  const next = summaryRequest(`## Done\n${first}`, [{ role: "user", content: "thanks" }], 100_000);
  expect(digestOf(next)).toBe(`${first}\n- asked: thanks`);
});
