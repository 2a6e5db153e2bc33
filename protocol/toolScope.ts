import * as z from "zod";

/** What a tool may do. `read` inside the workspace needs no approval; every other scope does, unless granted. */
export const ToolScope = z.enum(["free", "read", "read_outside", "write", "execute", "type", "service"]);
export type ToolScope = z.infer<typeof ToolScope>;
