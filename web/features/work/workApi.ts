import * as z from "zod";
import { page } from "../../../protocol/api.ts";
import {
  Execution,
  NextTimes,
  Schedule,
  type PostSchedule,
  type ScheduleChange,
  type When,
} from "../../../protocol/schedules.ts";
import { type NewTask, WholeTask } from "../../../protocol/taskApi.ts";
import { Task } from "../../../protocol/tasks.ts";
import {
  Delivery,
  Webhook,
  WebhookWithSecret,
  type PostWebhook,
  type WebhookChange,
} from "../../../protocol/webhooks.ts";
import { Workflow } from "../../../protocol/runs.ts";
import { request, requestNothing } from "../../shared/api/request.ts";

const task = (id: string): string => `/tasks/${encodeURIComponent(id)}`;
const schedule = (id: string): string => `/schedules/${encodeURIComponent(id)}`;
const webhook = (id: string): string => `/webhooks/${encodeURIComponent(id)}`;
const after = (cursor: string | null): string =>
  `?limit=20${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;

/** Tasks, schedules and webhooks, one function per use. */
export const workApi = {
  tasks: (cursor: string | null) => request(`/tasks${after(cursor)}`, page(Task)),
  task: (id: string) => request(task(id), WholeTask),
  addTask: (body: NewTask) => request("/tasks", Task, { method: "POST", body }),
  cancelTask: (id: string) => request(`${task(id)}/cancel`, Task, { method: "POST" }),
  retryTask: (id: string) => request(`${task(id)}/retry`, Task, { method: "POST" }),

  schedules: async () => (await request("/schedules", page(Schedule))).items,
  makeSchedule: (body: z.input<typeof PostSchedule>) =>
    request("/schedules", Schedule, { method: "POST", body }),
  changeSchedule: (id: string, body: ScheduleChange) =>
    request(schedule(id), Schedule, { method: "PATCH", body }),
  removeSchedule: (id: string) => requestNothing(schedule(id), { method: "DELETE" }),
  runSchedule: (id: string, execution: string) =>
    request(`${schedule(id)}/run`, Execution, { method: "POST", body: { id: execution } }),
  executions: (id: string, cursor: string | null) =>
    request(`${schedule(id)}/executions${after(cursor)}`, page(Execution)),
  nextTimes: async (when: When) =>
    (await request("/schedules/times", NextTimes, { method: "POST", body: when })).items,

  workflowNames: async () => (await request("/workflows", page(Workflow))).items.map(({ name }) => name),

  webhooks: async () => (await request("/webhooks", page(Webhook))).items,
  makeWebhook: (body: z.input<typeof PostWebhook>) =>
    request("/webhooks", WebhookWithSecret, { method: "POST", body }),
  changeWebhook: (id: string, body: WebhookChange) =>
    request(webhook(id), Webhook, { method: "PATCH", body }),
  removeWebhook: (id: string) => requestNothing(webhook(id), { method: "DELETE" }),
  rotateSecret: (id: string) =>
    request(`${webhook(id)}/rotate`, WebhookWithSecret, { method: "POST", body: {} }),
  deliveries: (id: string, cursor: string | null) =>
    request(`${webhook(id)}/deliveries${after(cursor)}`, page(Delivery)),
  payload: async (id: string, delivery: string) =>
    (await request(`${webhook(id)}/deliveries/${delivery}`, z.object({ payload: z.unknown() }))).payload,
  redeliver: (id: string, delivery: string) =>
    request(`${webhook(id)}/deliveries/${delivery}/redeliver`, Delivery, { method: "POST", body: {} }),
};
