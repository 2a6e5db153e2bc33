import type { ModelMessage } from "ai";
import { expect, it } from "vitest";
import { toPrompt } from "./toPrompt.ts";

const options = { instructions: "", origin: "p m", images: true };
const user: ModelMessage = { role: "user", content: "hi" };
const toolCall = (toolCallId: string) =>
  ({ type: "tool-call", toolCallId, toolName: "run", input: {} }) as const;
const result = (toolCallId: string): ModelMessage => ({
  role: "tool",
  content: [{ type: "tool-result", toolCallId, toolName: "run", output: { type: "text", value: "ok" } }],
});

it("puts the instructions first and results of one answer into one message", () => {
  const messages: ModelMessage[] = [
    user,
    { role: "assistant", content: [toolCall("a"), toolCall("b")] },
    result("b"),
    result("a"),
  ];
  const prompt = toPrompt(messages, { ...options, instructions: "Be good." });
  expect(prompt.map(({ role }) => role)).toEqual(["system", "user", "assistant", "tool"]);
  expect(prompt[3]?.content).toMatchObject([{ toolCallId: "b" }, { toolCallId: "a" }]);
});

it("gives a call without a result one that says so, and leaves out results without a call", () => {
  const messages: ModelMessage[] = [
    user,
    { role: "assistant", content: [toolCall("a"), toolCall("b")] },
    result("a"),
    result("a"),
    result("nobody"),
    { role: "user", content: "go on" },
    result("b"),
    { role: "assistant", content: [toolCall("c")] },
  ];
  const prompt = toPrompt(messages, options);
  expect(prompt.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user", "assistant", "tool"]);
  expect(prompt[2]?.content).toMatchObject([
    { toolCallId: "a", output: { type: "text" } },
    { toolCallId: "b", output: { type: "error-text", value: expect.stringContaining("No result is known") } },
  ]);
  expect(prompt[5]?.content).toMatchObject([{ toolCallId: "c", output: { type: "error-text" } }]);
});

it("leaves out what is empty, and reasoning that came from another model", () => {
  const reasoning = (origin: string) =>
    ({ type: "reasoning", text: origin, providerOptions: { signalbox: { origin } } }) as const;
  const messages: ModelMessage[] = [
    { role: "user", content: "" },
    { role: "assistant", content: "" },
    { role: "assistant", content: [{ type: "text", text: "" }] },
    { role: "assistant", content: [reasoning("p m")] },
    user,
    {
      role: "assistant",
      content: [
        reasoning("other"),
        reasoning("p m"),
        { type: "reasoning", text: "?" },
        { type: "text", text: "a" },
      ],
    },
  ];
  const prompt = toPrompt(messages, options);
  expect(prompt).toMatchObject([
    { role: "user" },
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "p m" },
        { type: "text", text: "a" },
      ],
    },
  ]);
});

it("sends images to models that take them and describes them to those that do not", () => {
  const image = {
    type: "file",
    mediaType: "image/png",
    filename: "shot.png",
    data: "data:image/png;base64,AAAA",
  } as const;
  const message: ModelMessage = { role: "user", content: [{ type: "text", text: "see" }, image] };
  expect(toPrompt([message], options)[0]?.content).toMatchObject([
    { type: "text" },
    { type: "file", filename: "shot.png", data: { type: "data", data: "AAAA" } },
  ]);
  expect(toPrompt([message], { ...options, images: false })[0]?.content).toMatchObject([
    { type: "text" },
    { type: "text", text: "[An image, shot.png (image/png), is attached. This model takes no images.]" },
  ]);
});
