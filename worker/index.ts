import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { hubName } from "../durable-objects/shared/names.ts";
import { MAX_FRAME_BYTES } from "../protocol/limits.ts";
import { guardOrigin } from "./auth/guardOrigin.ts";
import { forwardViewer } from "./auth/loginSockets.ts";
import { requireRole } from "./auth/requireRole.ts";
import type { App } from "./env.ts";
import { Problem } from "./problem.ts";
import { listModels } from "./models/listModels.ts";
import { readModelConfig } from "./models/readModelConfig.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { attachmentRoutes, isUpload } from "./routes/attachments.ts";
import { authRoutes } from "./routes/auth.ts";
import { hookRoutes } from "./routes/hooks.ts";
import { hostRoutes } from "./routes/hosts.ts";
import { installRoutes } from "./routes/install.ts";
import { linkRoutes } from "./routes/link.ts";
import { modelSettingsRoutes } from "./routes/modelSettings.ts";
import { ruleRoutes } from "./routes/rules.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import { runRoutes } from "./routes/runs.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { workflowRoutes } from "./routes/workflows.ts";
import { taskRoutes } from "./routes/tasks.ts";
import { consumeTasks } from "./tasks/consumeTasks.ts";
import { templateRoutes } from "./routes/templates.ts";
import { webhookRoutes } from "./routes/webhooks.ts";
import { VERSION } from "./version.ts";
import { logError } from "../durable-objects/shared/logError.ts";

export { ClockObject } from "../durable-objects/clock/ClockObject.ts";
export { HostObject } from "../durable-objects/host/HostObject.ts";
export { HubObject } from "../durable-objects/hub/HubObject.ts";
export { SessionObject } from "../durable-objects/session/SessionObject.ts";
export { RunWorkflow } from "./workflows/RunWorkflow.ts";

const smallBody = bodyLimit({
  maxSize: MAX_FRAME_BYTES,
  onError: () => {
    throw new Problem(413, "too_large", `A request has at most ${MAX_FRAME_BYTES} bytes.`);
  },
});

const app = new Hono<App>()
  .get("/health", (c) => c.json({ ok: true, version: VERSION }))
  .use(guardOrigin)
  .use("/api/*", (c, next) => (isUpload(c.req.path) ? next() : smallBody(c, next)))
  .route("/", installRoutes)
  .route("/api", authRoutes)
  .route("/api/hosts", hostRoutes)
  .route("/api/sessions", sessionRoutes)
  .route("/api/sessions", attachmentRoutes)
  .route("/api/approvals", approvalRoutes)
  .route("/api/rules", ruleRoutes)
  .route("/api/schedules", scheduleRoutes)
  .route("/api/webhooks", webhookRoutes)
  .route("/hooks", hookRoutes)
  .route("/api/templates", templateRoutes)
  .route("/api/tasks", taskRoutes)
  .get("/api/models", requireRole("viewer"), async (c) => {
    const config = await readModelConfig(c.env, c.get("actor").team, null);
    return c.json({ items: listModels(config), next_cursor: null });
  })
  .route("/api/settings/models", modelSettingsRoutes)
  .route("/api/workflows", workflowRoutes)
  .route("/api/runs", runRoutes)
  .route("/api/link", linkRoutes)
  .get("/api/live", requireRole("viewer"), (c) =>
    forwardViewer(c, c.env.HUB.getByName(hubName(c.get("actor").team)), "/live", null),
  );

app.notFound((c) =>
  c.json({ error: { code: "not_found", message: "There is nothing at this address." } }, 404),
);

app.onError((error, c) => {
  if (error instanceof Problem) {
    const { code, message, details } = error;
    return c.json(
      { error: details === undefined ? { code, message } : { code, message, details } },
      error.status,
    );
  }
  if (error instanceof HTTPException)
    return c.json(
      { error: { code: "invalid", message: error.message || "The request is not valid." } },
      error.status,
    );
  logError("request failed", error);
  return c.json(
    { error: { code: "internal", message: "Something went wrong here; nothing was lost. Try again." } },
    500,
  );
});

/** The routes as a type, for the typed client. */
export type AppType = typeof app;

/** The app, and what the platform calls beside it. */
export default Object.assign(app, { queue: consumeTasks });
