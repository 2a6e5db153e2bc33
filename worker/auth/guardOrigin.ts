import { createMiddleware } from "hono/factory";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/**
 * Closed by default: without a configured sign-in only loopback names are answered (so a rebound DNS name is not),
 * and a request that another site caused is refused, whatever cookie it carries.
 */
export const guardOrigin = createMiddleware<App>(async (c, next) => {
  const host = c.req.header("host") ?? new URL(c.req.url).host;
  if (!LOOPBACK.test(host)) {
    if (c.env.SIGNALBOX_MODE === "local")
      throw new Problem(
        403,
        "wrong_host",
        "This Signalbox answers only on this machine, by the name localhost or 127.0.0.1.",
      );
    throw new Problem(
      503,
      "sign_in_not_configured",
      "This deployment has no sign-in configured, so it answers nobody.",
    );
  }
  const origin = c.req.header("origin");
  const site = c.req.header("sec-fetch-site");
  const foreign =
    origin === undefined ? site === "cross-site" || site === "same-site" : hostOf(origin) !== host;
  if (foreign)
    throw new Problem(
      403,
      "cross_origin",
      "Another site asked for this; Signalbox answers only its own page.",
    );
  await next();
});

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
