#!/usr/bin/env node
// Speaks as `claude -p` does, as far as tests need it: every message is a command that it asks to run. Allowed, it
// appends the message to the file that $RAN names. "never mind" it asks and withdraws at once.
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const asked = new Map();
let count = 0;

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const message = JSON.parse(line);
    if (message.type === "user") ask(message.message.content);
    if (message.type === "control_request")
      say({ type: "control_response", response: { subtype: "success", request_id: message.request_id } });
    if (message.type === "control_response") answer(message);
  })
  .on("close", () => process.exit(0));

function ask(command) {
  const id = `${process.pid}-${++count}`;
  asked.set(id, command);
  say({ type: "system", subtype: "init", session_id: "the-conversation", model: "fake" });
  const content = [{ type: "tool_use", id, name: "Bash", input: { command } }];
  say({ type: "assistant", uuid: `call-${id}`, message: { id, content } });
  const request = { subtype: "can_use_tool", tool_name: "Bash", input: { command } };
  const asks = { type: "control_request", request_id: id, request };
  if (command !== "never mind") return say(asks);
  const over = [
    { type: "control_cancel_request", request_id: id },
    { type: "result", subtype: "error_during_execution", is_error: true, terminal_reason: "aborted_tools" },
  ];
  process.stdout.write([asks, ...over].map((each) => `${JSON.stringify(each)}\n`).join(""));
}

function answer(message) {
  const { request_id: id, response } = message.response;
  say(message);
  const allowed = response.behavior === "allow";
  if (allowed) appendFileSync(process.env.RAN, `${asked.get(id)}\n`);
  const content = [{ type: "tool_result", tool_use_id: id, content: "done", is_error: !allowed }];
  say({ type: "user", uuid: `result-${id}`, message: { content } });
  say({ type: "result", subtype: "success", is_error: false, usage: { input_tokens: 1, output_tokens: 1 } });
}
