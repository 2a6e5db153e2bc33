import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * An agent that speaks ACP and does what a prompt's words say, for tests. Every line that it is given goes to the file
 * that is named in its arguments.
 */
const log = process.argv[2] ?? "/dev/null";
type Params = { prompt?: { text: string }[]; [more: string]: unknown };
type Message = { id?: number | string; method?: string; params?: Params; result?: unknown; error?: unknown };

let count = 0;
let prompt: number | string | undefined;
const waiting = new Map<number | string, (answer: Message) => void>();

const send = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const update = (told: object) =>
  send({ method: "session/update", params: { sessionId: "s1", update: told } });
const say = (text: string) =>
  update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text } });
function end(stopReason: string): void {
  send({ id: prompt, result: { stopReason, usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } } });
  prompt = undefined;
}
const OPTIONS = [
  { optionId: "yes", name: "Yes", kind: "allow_once" },
  { optionId: "no", name: "No", kind: "reject_once" },
];
function permission(id: number | string, command: string): Message {
  const toolCall = { toolCallId: `call ${id}`, title: command, kind: "execute", rawInput: { command } };
  return {
    id,
    method: "session/request_permission",
    params: { sessionId: "s1", toolCall, options: OPTIONS },
  };
}
function ask(message: Message): Promise<Message> {
  return new Promise((resolve) => {
    if (message.id !== undefined) waiting.set(message.id, resolve);
    send(message);
  });
}

async function work(text: string): Promise<void> {
  const [word = "", ...rest] = text.split(" ");
  const about = rest.join(" ");
  switch (word) {
    case "ASK": {
      const answer = await ask(permission(count++, about));
      say(`answered ${JSON.stringify(answer.result ?? answer.error)}`);
      return end("end_turn");
    }
    case "TWICE": {
      const asked = permission(count++, about);
      send(asked);
      const answer = await ask(asked);
      say(`answered ${JSON.stringify(answer.result)}`);
      return end("end_turn");
    }
    case "HUGE": {
      const answer = await ask(permission(count++, "x".repeat(Number(about))));
      say(`answered ${JSON.stringify(answer.result ?? "an error")}`);
      return end("end_turn");
    }
    case "NOISE":
      process.stdout.write("not JSON\n{\n[]\nnull\n\n");
      send({ method: "session/update", params: 7 });
      send({ id: 999, result: {} });
      update({ sessionUpdate: "agent_message_chunk" });
      say(`refused ${JSON.stringify((await ask({ id: count++, method: "fs/read_text_file" })).error)}`);
      return end("end_turn");
    case "LATE":
      end("end_turn");
      say("after the end");
      send({ id: 999_999, result: { stopReason: "end_turn" } });
      return;
    case "DIE":
      send(permission(count++, "never answered"));
      setTimeout(() => process.exit(3), 200);
      return;
    default:
      say(`echo: ${text}`);
      return end("end_turn");
  }
}

createInterface(process.stdin).on("line", (line) => {
  appendFileSync(log, `${line}\n`);
  const message: Message = JSON.parse(line);
  const { id, method, params } = message;
  if (method === undefined) {
    const answered = id === undefined ? undefined : waiting.get(id);
    if (id !== undefined) waiting.delete(id);
    return answered?.(message);
  }
  if (method === "initialize")
    send({ id, result: { protocolVersion: 1, agentCapabilities: { loadSession: true } } });
  else if (method === "session/new") send({ id, result: { sessionId: "s1" } });
  else if (method === "session/load") {
    say("what was said before");
    send({ id, result: {} });
  } else if (method === "session/prompt") {
    prompt = id;
    void work(params?.prompt?.[0]?.text ?? "");
  } else if (method === "session/cancel" && prompt !== undefined) {
    waiting.clear();
    end("cancelled");
  }
});
process.stdin.on("end", () => process.exit(0));
