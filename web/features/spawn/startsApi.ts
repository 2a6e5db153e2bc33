import * as z from "zod";
import { Conversations } from "../../../protocol/conversations.ts";
import { Place } from "../../../protocol/places.ts";
import { Template, type TemplateFields } from "../../../protocol/templates.ts";
import { request, requestNothing } from "../../shared/api/request.ts";

const Templates = z.object({ items: z.array(Template) });
const host = (id: string): string => `/hosts/${encodeURIComponent(id)}`;
const template = (name: string): string => `/templates/${encodeURIComponent(name)}`;
const query = (given: Record<string, string>): string => new URLSearchParams(given).toString();

/** What the dialog asks before something is started. */
export const startsApi = {
  place: (id: string, directory: string, signal: AbortSignal) =>
    request(`${host(id)}/place?${query({ directory })}`, Place, { signal }),
  conversations: (id: string, wish: { agent: string; text?: string }, signal: AbortSignal) =>
    request(`${host(id)}/conversations?${query(wish)}`, Conversations, { signal }),
  templates: async (signal: AbortSignal) => (await request("/templates", Templates, { signal })).items,
  saveTemplate: (name: string, fields: TemplateFields) =>
    request(template(name), Template, { method: "PUT", body: fields }),
  removeTemplate: (name: string) => requestNothing(template(name), { method: "DELETE" }),
};
