import * as z from "zod";
import { SessionId } from "./ids.ts";

/** Files of which a host tells at most; of the rest only how many there are. */
export const MAX_CHANGED_FILES = 500;
/** Characters of the lines of one file, and of all files together: an answer must fit a frame. */
export const MAX_FILE_PATCH_CHARS = 100_000;
export const MAX_PATCH_CHARS = 400_000;

const PathText = z.string().max(4096);

/**
 * One file that differs from the base. `patch` is what git shows of it: stretches that begin with `@@`; null when
 * `hidden` says why its lines are not shown.
 */
export const FileChange = z.object({
  path: PathText,
  /** Where it was, when it was renamed or copied. */
  from: PathText.optional(),
  kind: z.enum([
    "added",
    "modified",
    "deleted",
    "renamed",
    "copied",
    "untracked",
    "conflict",
    "submodule",
    /** A file became a link, or the like. */
    "type",
  ]),
  /** How it stands to the index: all of it staged, nothing, or some; null when it is committed (or a conflict). */
  staged: z.enum(["all", "some", "none"]).nullable(),
  /** Lines; null when they are not counted. */
  added: z.number().int().nullable(),
  removed: z.number().int().nullable(),
  /** The file's mode, when that changed. */
  mode: z.object({ before: z.string().max(10), after: z.string().max(10) }).optional(),
  patch: z.string().nullable(),
  /** `no_room`: the answer is full. `secret`: a place of secrets. `unreadable`: it could not be read, or changed meanwhile. */
  hidden: z.enum(["binary", "too_big", "no_room", "secret", "unreadable"]).optional(),
});
export type FileChange = z.infer<typeof FileChange>;

/** What differs from the base in a session's directory. */
export const Changes = z.object({
  status: z.literal("changes"),
  /** The same version: the same answer. */
  version: z.string().max(100),
  /** The top of the repository. */
  root: PathText,
  /** The directory below it that is told of alone; empty: all of the repository. */
  inside: PathText,
  branch: PathText.nullable(),
  /** The commit that is compared with; null while there is none. `fork`: where the worktree's branch began. */
  base: z.object({ commit: z.string().max(64), kind: z.enum(["head", "fork"]) }).nullable(),
  files: z.array(FileChange).max(MAX_CHANGED_FILES),
  /** Files that differ and are not listed; null when they were not counted to the end. */
  more: z.number().int().nullable(),
});
export type Changes = z.infer<typeof Changes>;

/** What has changed where a session works? */
export const ChangesQuestion = z.object({
  type: z.literal("changes"),
  session: SessionId,
  /** Of a session that the host does not know, a chat: its directory, and no more than that is told of. */
  directory: PathText,
  /** The version that is known already. */
  known: z.string().max(100).optional(),
});
export type ChangesQuestion = z.infer<typeof ChangesQuestion>;

/** As the version that is known. */
export const SameChanges = z.object({ status: z.literal("same"), version: z.string().max(100) });

/** `GET /api/sessions/:id/changes`. */
export const ChangesAnswer = z.discriminatedUnion("status", [Changes, SameChanges]);
export type ChangesAnswer = z.infer<typeof ChangesAnswer>;
