import { expect, it } from "vitest";
import { threadCall } from "./threadCall.ts";

const paste = (text: string, enter = true) => threadCall({ type: "paste", text, enter }, "thread", "turn");

it("gives a message to the conversation, and leaves to the terminal what only it can do", () => {
  expect(paste("hello\nthere")).toMatchObject({
    method: "turn/start",
    params: { threadId: "thread", input: [{ type: "text", text: "hello\nthere" }] },
  });
  expect(["/new", " !ls", "", "\n"].map((text) => paste(text))).toEqual([null, null, null, null]);
  expect(paste("hello", false)).toBeNull();
  expect(threadCall({ type: "send_keys", keys: ["Enter"] }, "thread", "turn")).toBeNull();
});

it("interrupts the turn that runs", () => {
  expect(threadCall({ type: "interrupt" }, "thread", "turn")).toEqual({
    method: "turn/interrupt",
    params: { threadId: "thread", turnId: "turn" },
  });
  expect(threadCall({ type: "interrupt" }, "thread", null)).toBeNull();
});
