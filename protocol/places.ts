import * as z from "zod";

/** Directories that are offered to go on a path at most. */
export const MAX_COMPLETIONS = 40;
const PathText = z.string().max(4096);

/** What is this directory, and how could the path go on? */
export const PlaceQuestion = z.object({ type: z.literal("place"), directory: PathText.startsWith("/") });
export type PlaceQuestion = z.infer<typeof PlaceQuestion>;

/** `GET /api/hosts/:id/place?directory=`. */
export const Place = z.object({
  status: z.literal("place"),
  exists: z.boolean(),
  /** Chats may work there; otherwise `why` says why not. */
  workspace: z.boolean(),
  why: z.string().max(4000).nullable(),
  /** The repository it is in, and the branch that is checked out. */
  repo: PathText.nullable(),
  branch: z.string().max(300).nullable(),
  /** Directories whose paths begin so. */
  completions: z.array(z.object({ path: PathText, repo: z.boolean() })).max(MAX_COMPLETIONS),
});
export type Place = z.infer<typeof Place>;
