import { AIChatAgent } from "@cloudflare/ai-chat";
import { routeAgentRequest } from "agents";
import { convertToModelMessages, streamText } from "ai";
import { createOfflineModel } from "../../../worker/models/offlineModel.ts";
import { countStorage, readCounters } from "../../worker/counters.ts";

/** Cloudflare's own chat agent as its documentation has it, with the model of ours that needs no network. */
export class Chat extends AIChatAgent {
  constructor(ctx, env) {
    countStorage("session", ctx.storage);
    super(ctx, env);
  }

  async onChatMessage(onFinish) {
    const messages = await convertToModelMessages(this.messages);
    return streamText({ model: createOfflineModel(), messages, onFinish }).toUIMessageStreamResponse();
  }
}

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === "/bench/counters") return Response.json(readCounters());
    return (await routeAgentRequest(request, env)) ?? new Response("not found", { status: 404 });
  },
};
