import * as z from "zod";

/** Who acts, as the Worker found out. It travels to an object in a header that no client can set. */
export const Actor = z.object({
  kind: z.enum(["user", "host"]),
  /** A user's name, or a host's id. */
  id: z.string(),
  team: z.string(),
  role: z.enum(["admin", "operator", "viewer"]),
  /** The login of a browser: its sockets end with it. */
  login: z.string().optional(),
});
export type Actor = z.infer<typeof Actor>;

export const ACTOR_HEADER = "x-signalbox-actor";

/** Reads the actor that the Worker put into a forwarded request; throws when it is missing (only the Worker calls objects). */
export function readActor(request: Request): Actor {
  return Actor.parse(JSON.parse(request.headers.get(ACTOR_HEADER) ?? "null"));
}
