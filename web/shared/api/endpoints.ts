import * as z from "zod";
import {
  CommandAnswer,
  CreatedHost,
  HostPanes,
  Me,
  Model,
  page,
  QueuedMessage,
  type CreateSession,
  type EditMessage,
  type NewRule,
  type PostCommand,
  type PostMessage,
  type RuleChange,
} from "../../../protocol/api.ts";
import { Approval, Grant, Rule, type ApprovalStatus, type Decision } from "../../../protocol/approvals.ts";
import { AnyEvent } from "../../../protocol/events.ts";
import { Session } from "../../../protocol/session.ts";
import type { ToolScope } from "../../../protocol/toolScope.ts";
import { Span, SpanText, type SpanKind, type SpanSide } from "../../../protocol/traces.ts";
import { request, requestNothing } from "./request.ts";

const itemsOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });
const SpanPage = z.object({ items: z.array(Span), next_cursor: z.string().nullable() });
const EventPage = z.object({ items: z.array(AnyEvent) });
/** How long a person waits for a host's answer before the page says that it is queued. */
const WAIT_MS = 15_000;

const session = (id: string): string => `/sessions/${encodeURIComponent(id)}`;
const host = (id: string): string => `/hosts/${encodeURIComponent(id)}`;

/** The API, one function per use. */
export const api = {
  me: (signal?: AbortSignal) => request("/me", Me, signal === undefined ? {} : { signal }),
  signIn: (code: string) => requestNothing("/auth/session", { method: "POST", body: { code } }),
  signOut: () => requestNothing("/auth/session", { method: "DELETE" }),

  createSession: (body: CreateSession) => request("/sessions", Session, { method: "POST", body }),
  renameSession: (id: string, title: string) =>
    requestNothing(session(id), { method: "PATCH", body: { title } }),
  deleteSession: (id: string) => requestNothing(session(id), { method: "DELETE" }),
  sendMessage: (id: string, text: string, waitMs = WAIT_MS) =>
    request(`${session(id)}/messages`, CommandAnswer, {
      method: "POST",
      body: { text, wait_ms: waitMs } satisfies z.input<typeof PostMessage>,
    }),
  sendCommand: (id: string, command: PostCommand) =>
    request(`${session(id)}/commands`, CommandAnswer, {
      method: "POST",
      body: { wait_ms: WAIT_MS, ...command },
    }),
  cancelCommand: (id: string, command: string) =>
    request(`${session(id)}/commands/${encodeURIComponent(command)}`, CommandAnswer, { method: "DELETE" }),
  olderEvents: async (id: string, before: number, limit: number) =>
    (await request(`${session(id)}/events?before=${before}&limit=${limit}`, EventPage)).items,

  traces: (id: string, query: { turn?: number; kind?: SpanKind; cursor?: string }) => {
    const given = Object.entries(query).map(([name, value]) => [name, String(value)]);
    return request(`${session(id)}/traces?${new URLSearchParams(given).toString()}`, SpanPage);
  },
  spanText: async (id: string, span: string, side: SpanSide) =>
    (await request(`${session(id)}/traces/${encodeURIComponent(span)}/${side}`, SpanText)).text,

  models: async () => (await request("/models", itemsOf(Model))).items,
  /** Says something in a chat; it waits while a turn runs, or steers it. Said again with the same id, it is said once. */
  say: (id: string, message: z.input<typeof PostMessage>) =>
    request(`${session(id)}/messages`, QueuedMessage, { method: "POST", body: message }),
  queue: async (id: string) => (await request(`${session(id)}/queue`, itemsOf(QueuedMessage))).items,
  editQueued: (id: string, message: string, change: EditMessage) =>
    requestNothing(`${session(id)}/queue/${encodeURIComponent(message)}`, { method: "PATCH", body: change }),
  removeQueued: (id: string, message: string) =>
    requestNothing(`${session(id)}/queue/${encodeURIComponent(message)}`, { method: "DELETE" }),
  decide: (id: string, decision: Decision) =>
    request(`/approvals/${encodeURIComponent(id)}/decision`, Approval, { method: "POST", body: decision }),
  grants: async (id: string) => (await request(`${session(id)}/grants`, itemsOf(Grant))).items,
  giveGrant: (id: string, grant: { scope: ToolScope; expires_at?: number }) =>
    request(`${session(id)}/grants`, Grant, { method: "POST", body: grant }),
  revokeGrant: (id: string, grant: string) =>
    requestNothing(`${session(id)}/grants/${encodeURIComponent(grant)}`, { method: "DELETE" }),
  /** A page of approvals of these states, newest first. */
  approvals: (status: readonly ApprovalStatus[], cursor: string | null) =>
    request(
      `/approvals?limit=30&status=${status.join(",")}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      page(Approval),
    ),
  seen: (id: string) => requestNothing(`${session(id)}/seen`, { method: "POST" }),
  makeRule: (rule: NewRule) => request("/rules", Rule, { method: "POST", body: rule }),
  changeRule: (id: string, change: RuleChange) =>
    request(`/rules/${encodeURIComponent(id)}`, Rule, { method: "PATCH", body: change }),
  rules: async () => (await request("/rules", itemsOf(Rule))).items,
  removeRule: (id: string) => requestNothing(`/rules/${encodeURIComponent(id)}`, { method: "DELETE" }),

  createHost: (name: string) => request("/hosts", CreatedHost, { method: "POST", body: { name } }),
  newHostCode: (id: string) => request(`${host(id)}/code`, CreatedHost, { method: "POST" }),
  rotateHost: (id: string) => request(`${host(id)}/rotate`, CreatedHost, { method: "POST" }),
  removeHost: (id: string) => requestNothing(host(id), { method: "DELETE" }),
  hostPanes: async (id: string) => (await request(`${host(id)}/panes`, HostPanes)).items,
  adoptPane: (id: string, pane: { socket: string; pane: string }) =>
    request(`${host(id)}/adopt`, Session, { method: "POST", body: pane }),
};
