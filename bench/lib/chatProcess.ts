import { WebSocket } from "ws";
import * as z from "zod";
import { PROTOCOL_VERSION } from "../../protocol/limits.ts";
import { serveHelper } from "./serveHelper.ts";

/** Follows one answer of a model, from the request to its end. */
const Ask = z.object({
  kind: z.enum(["signalbox", "ai-chat"]),
  url: z.string(),
  token: z.string(),
  session: z.string(),
  text: z.string(),
});
type Ask = z.infer<typeof Ask>;
type Frame = { at: number; text: string };

serveHelper({
  async ask(input) {
    const asked = Ask.parse(input);
    const path =
      asked.kind === "signalbox" ? `/api/sessions/${asked.session}/live` : `/agents/chat/${asked.session}`;
    const socket = new WebSocket(asked.url.replace(/^http/, "ws") + path, {
      headers: { authorization: `Bearer ${asked.token}` },
      perMessageDeflate: false,
    });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.on("close", () => reject(new Error("the socket closed")));
    const frames: Frame[] = [];
    let began: number | null = null;
    const isEnd = asked.kind === "signalbox" ? '"type":"turn_completed"' : '"done":true';
    socket.on("message", (data) => {
      const text = String(data);
      frames.push({ at: performance.now(), text });
      if (began !== null && text.includes(isEnd)) resolve();
    });
    if (asked.kind === "signalbox") socket.send(JSON.stringify({ type: "hello", version: PROTOCOL_VERSION }));
    await new Promise((go) => setTimeout(go, 300)); // what each side says of itself
    frames.length = 0;
    began = performance.now();
    await say(asked, socket);
    await promise;
    socket.removeAllListeners("close");
    socket.close();
    const said = saidIn(asked.kind, frames);
    return {
      ms: (frames.at(-1)?.at ?? began) - began,
      firstMs: said.firstAt - began,
      bytes: frames.reduce((sum, { text }) => sum + text.length, 0),
      frames: frames.length,
      characters: said.text.length,
    };
  },
});

async function say({ kind, url, token, session, text }: Ask, socket: WebSocket): Promise<void> {
  if (kind === "ai-chat") {
    const messages = [{ id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text }] }];
    const init = { method: "POST", body: JSON.stringify({ messages }) };
    socket.send(JSON.stringify({ type: "cf_agent_use_chat_request", id: crypto.randomUUID(), init }));
    return;
  }
  const answer = await fetch(`${url}/api/sessions/${session}/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ text }),
  });
  if (!answer.ok) throw new Error(`the message was answered with ${answer.status}`);
  await answer.arrayBuffer();
}

const Delta = z.looseObject({ type: z.string() });
const Peer = z.object({ type: z.string(), body: z.string().optional() });
const TextDelta = z.object({ type: z.literal("text-delta"), delta: z.string() });
const Growth = z.object({
  type: z.literal("delta"),
  kind: z.literal("message"),
  offset: z.number(),
  text: z.string(),
});
const Events = z.object({ type: z.literal("events"), events: z.array(Delta) });
const Message = z.object({
  type: z.literal("item"),
  item: z.object({ kind: z.literal("message"), text: z.string() }),
});

/** The whole answer, and when its first piece came. Read after the clock has stopped. */
function saidIn(kind: Ask["kind"], frames: Frame[]): { text: string; firstAt: number } {
  let text = "";
  let firstAt: number | null = null;
  for (const frame of frames) {
    const json: unknown = JSON.parse(frame.text);
    if (kind === "ai-chat") {
      const body = Peer.safeParse(json).data?.body ?? "";
      const delta = body === "" ? undefined : TextDelta.safeParse(JSON.parse(body)).data;
      if (delta !== undefined) text += delta.delta;
    } else {
      const growth = Growth.safeParse(json).data;
      if (growth !== undefined) text = text.slice(0, growth.offset) + growth.text;
      for (const event of Events.safeParse(json).data?.events ?? [])
        text = Message.safeParse(event).data?.item.text ?? text;
    }
    if (text !== "") firstAt ??= frame.at;
  }
  return { text, firstAt: firstAt ?? Number.NaN };
}
