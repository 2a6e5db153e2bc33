import { vi } from "vitest";
import type { Approval } from "../../../protocol/approvals.ts";
import type { CommandResult } from "../../../protocol/commands.ts";
import type { EventBody, SessionEvent } from "../../../protocol/events.ts";
import type { LinkServerFrame } from "../../../protocol/link.ts";
import type { Session } from "../../../protocol/session.ts";
import { call, enrolHost, FakeDaemon } from "./edge.ts";

type CommandFrame = Extract<LinkServerFrame, { type: "command" }>;
type CallItem = Extract<Extract<EventBody, { type: "item" }>["item"], { kind: "call" }>;

/** A tool's output, as a host tells it. */
export const output = (text: string): CommandResult => ({
  status: "done",
  value: { type: "tool", output: { ok: true, text, cut: 0 } },
});

/** A chat in /work of a host of its own, with that host's link. */
export async function aChat() {
  const { id: host, token } = await enrolHost("box");
  const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
  return { host, token, daemon, ...(await chatOn(host)) };
}

/** Another chat in /work of a host. */
export async function chatOn(host: string) {
  const created = await call("/api/sessions", { body: { provider: "edge", host, cwd: "/work" } });
  const { id } = await created.json<Session>();
  return { id, ...talk(id) };
}

/** What a person can do to a chat, and see of it. */
function talk(id: string) {
  const events = async () =>
    (await (await call(`/api/sessions/${id}/events?after=0&limit=1000`)).json<{ items: SessionEvent[] }>())
      .items;
  const items = async () => {
    const byId = new Map<string, Extract<EventBody, { type: "item" }>["item"]>();
    for (const event of await events()) if (event.type === "item") byId.set(event.id, event.item);
    return byId;
  };
  const cards = async () =>
    [...(await items()).values()].filter((item): item is CallItem => item.kind === "call");
  const answer = async () =>
    [...(await items()).values()].flatMap((item) => (item.kind === "message" ? [item.text] : [])).join("\n");
  return {
    events,
    items,
    cards,
    answer,
    say: (text: string) => call(`/api/sessions/${id}/messages`, { body: { text } }),
    status: async () => (await (await call(`/api/sessions/${id}`)).json<Session>()).status,
    until: (status: Session["status"]) =>
      vi.waitUntil(
        async () => (await (await call(`/api/sessions/${id}`)).json<Session>()).status === status,
        { timeout: 30_000 },
      ),
    pending: async (count = 1) =>
      vi.waitUntil(
        async () => {
          const { items } = await (
            await call(`/api/approvals?status=pending&session=${id}`)
          ).json<{ items: Approval[] }>();
          return items.length === count ? items.toReversed() : null;
        },
        { timeout: 30_000 },
      ),
  };
}

export const decide = (approval: Approval, decision: object) =>
  call(`/api/approvals/${approval.id}/decision`, { body: decision });

/** Answers the next tool command of a daemon. */
export async function carryOut(daemon: FakeDaemon, id: string, result: CommandResult): Promise<CommandFrame> {
  const command = await daemon.command();
  await daemon.tell({ kind: "result", id: command.id, session: id, result });
  return command;
}
