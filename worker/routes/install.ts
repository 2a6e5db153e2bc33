import { Hono } from "hono";
import installScript from "../../agent-daemon/install/install.sh";
import type { App } from "../env.ts";

/** `/install.sh`: installs the daemon that this edge serves at `/agent.mjs`, and connects it to this edge. Public: it holds no secret. */
export const installRoutes = new Hono<App>().get("/install.sh", (c) =>
  c.text(installScript.replaceAll("__SIGNALBOX_URL__", new URL(c.req.url).origin), 200, {
    "content-type": "text/x-shellscript; charset=utf-8",
  }),
);
